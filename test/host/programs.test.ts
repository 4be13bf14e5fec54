import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import { findMissingPrograms, requirePrograms } from '../../src/host/programs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('programs on PATH are not missing, and the others are named with their packages', async (t) => {
  const directory = temporaryDirectory(t);
  await writeFile(join(directory, 'arp'), '', { mode: 0o755 });
  await writeFile(join(directory, 'wg'), '', { mode: 0o644 });
  await chmod(join(directory, 'wg'), 0o644);
  await mkdir(join(directory, 'ip'));
  const path = `/no/such:${directory}`;
  assert.deepEqual(findMissingPrograms(['arp', 'wg', 'ip', 'ip', 'mine', join(directory, 'arp')], path), [
    { program: 'wg', package: 'wireguard-tools' },
    { program: 'ip', package: 'iproute2' },
    { program: 'mine', package: undefined },
  ]);
  assert.deepEqual(findMissingPrograms(['sh']), []);
});

test('requiring names what to install', () => {
  requirePrograms(['sh']);
  assert.throws(
    () => requirePrograms(['ip', 'bridge', 'arp'], ''),
    (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.kind, 'prerequisite');
      assert.equal(error.message, '3 programs are not on PATH: ip, bridge, arp');
      assert.equal(error.hint, 'apt-get install iproute2 net-tools');
      return true;
    },
  );
  assert.throws(() => requirePrograms(['mine'], ''), /the program mine is not on PATH/);
});
