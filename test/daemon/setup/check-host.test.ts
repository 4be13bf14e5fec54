import assert from 'node:assert/strict';
import { existsSync, mkdirSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { checkHost, type CheckedHost } from '../../../src/daemon/setup/check-host.ts';
import type { UpOptions } from '../../../src/daemon/setup/options.ts';
import { Failure, type FailureKind } from '../../../src/diagnostic/failure.ts';
import { Bench } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';
import { realInterface, withoutInterface } from '../interface.ts';

function check(
  bench: Bench,
  changes: Partial<UpOptions> = {},
  iface = realInterface ?? '',
): Promise<CheckedHost> {
  const options = bench.options();
  return checkHost({ ...options, interface: { ...options.interface, iface: [iface] }, ...changes });
}

/** Checks that a host is refused, and that no state directory was made. */
async function refused(bench: Bench, work: Promise<unknown>, kind: FailureKind, message: RegExp) {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  });
  assert.equal(existsSync(bench.stateDirectory), false);
}

function start(t: TestContext, backend: object = fileOverlay): Bench {
  const bench = new Bench(t);
  bench.recipe(backend);
  rmSync(bench.stateDirectory, { recursive: true });
  return bench;
}

test(
  'a host that is fit has its recipe loaded and its state directory made',
  { skip: withoutInterface },
  async (t) => {
    const bench = start(t);
    const host = await check(bench);
    assert.equal(host.recipe?.recipe.name, 'overlay');
    assert.equal(host.stateDirectory, realpathSync(bench.stateDirectory));
    assert.equal(statSync(bench.stateDirectory).mode & 0o777, 0o700);
  },
);

test('the state directory is known by its real path', { skip: withoutInterface }, async (t) => {
  const bench = start(t);
  const real = join(bench.directory, 'real');
  mkdirSync(real, { mode: 0o700 });
  symlinkSync(real, bench.stateDirectory);
  assert.equal((await check(bench)).stateDirectory, realpathSync(real));
});

test('without a recipe the store decides later', { skip: withoutInterface }, async (t) => {
  assert.equal((await check(start(t), { recipe: undefined })).recipe, undefined);
});

test('a recipe that is refused comes first, then its programs', async (t) => {
  const bench = start(t, { Type: 'extension', PostStartupComand: 'true' });
  const path = '/dev/null/subnet.env';
  await refused(bench, check(bench, { subnetFile: path }), 'recipe', /overlay\.json was refused: 1 error/);
  bench.recipe({ ...fileOverlay, Requires: ['no-such-loom'] });
  await refused(bench, check(bench, { subnetFile: path }), 'prerequisite', /no-such-loom is not on PATH/);
});

test('a path that is too long for the socket is refused', async (t) => {
  const bench = start(t);
  const stateDirectory = join(bench.directory, 'x'.repeat(100));
  await refused(bench, check(bench, { stateDirectory }), 'state-directory', /path is too long/);
});

test('a subnet file that could not be written is refused', async (t) => {
  const bench = start(t);
  const subnetFile = '/dev/null/subnet.env';
  await refused(bench, check(bench, { subnetFile }), 'state-directory', /\/dev\/null is not a directory/);
});

test('an interface that is not there is refused', async (t) => {
  const bench = start(t);
  await refused(
    bench,
    check(bench, {}, 'no-such-weft'),
    'interface',
    /the interface no-such-weft does not exist/,
  );
});
