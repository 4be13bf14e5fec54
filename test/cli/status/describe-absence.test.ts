import assert from 'node:assert/strict';
import { join } from 'node:path';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeAbsence } from '../../../src/cli/status/describe-absence.ts';
import { bringDown } from '../../../src/daemon/bring-down.ts';
import { narrowDeployment } from '../../../src/daemon/network/deployment-file.ts';
import { Bench } from '../../daemon/bench.ts';
import { leaveNetwork } from '../../daemon/takeover/takeover.ts';

test('status without a daemon says which network the state directory notes, and how to take it down', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const { stateDirectory } = bench;
  const look = async (): Promise<readonly [kind: string, message: string, hint: string | undefined]> => {
    const { kind, message, hint } = await describeAbsence(stateDirectory);
    return [kind, message, hint];
  };
  const absence = `no heddle daemon is running with the state directory ${stateDirectory}`;
  const plain = [
    'not-running',
    absence,
    `start one with heddle up --state-dir ${stateDirectory}, or give --state-dir the directory that the daemon was started with`,
  ];
  assert.deepEqual(await look(), plain);

  const { recipe } = await leaveNetwork(t, bench);
  const hint = `take it down with heddle down --state-dir ${stateDirectory}, or start heddle up --state-dir ${stateDirectory} again with its other earlier options`;
  const standing = ['not-running', `${absence}, which still notes the network of ${recipe.file}`, hint];
  assert.deepEqual(await look(), standing, 'the daemon left its network');

  bench.put('shutdown.fails');
  await bringDown(stateDirectory, { releaseLease: false, forget: false }, bench.emit);
  assert.deepEqual(await look(), standing, 'heddle down could not take all of it down');

  await narrowDeployment(stateDirectory, ['subnet-file', 'cni-list']);
  const left = `${absence}, which still notes what is left of the network of ${recipe.file}: subnet-file, cni-list`;
  assert.deepEqual(await look(), ['not-running', left, hint]);

  const path = join(stateDirectory, 'deployment.json');
  writeFileSync(path, 'rubbish');
  const [kind, message, cure] = await look();
  assert.deepEqual([kind, message], ['not-running', `${absence}, and ${path} is damaged: it is not JSON`]);
  assert.match(cure ?? '', /^restore the file, or run heddle down --forget --state-dir /);

  rmSync(path);
  assert.deepEqual(await look(), plain);
});
