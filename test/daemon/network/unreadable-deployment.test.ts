import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bringDown } from '../../../src/daemon/bring-down.ts';
import { UnreadableDeployment } from '../../../src/daemon/network/unreadable-deployment.ts';
import { Bench } from '../bench.ts';
import { damages } from '../takeover/damages.ts';
import { leaveNetwork, openPeerJournal } from '../takeover/takeover.ts';

const plain = { releaseLease: false, forget: false };

for (const [what, { make, says }] of Object.entries(damages)) {
  test(`a deployment file that is damaged (${what}) is refused, and kept under another name by down --forget`, async (t) => {
    const bench = new Bench(t);
    bench.recipe();
    await leaveNetwork(t, bench);
    const path = join(bench.stateDirectory, 'deployment.json');
    const sound = readFileSync(path, 'utf8');
    rmSync(path);
    make(path, sound);
    await assert.rejects(bringDown(bench.stateDirectory, plain, bench.emit), (error: unknown) => {
      assert.ok(error instanceof UnreadableDeployment);
      assert.match(error.message, says);
      return true;
    });
    const { ino } = lstatSync(path);
    const down = await bringDown(bench.stateDirectory, { releaseLease: false, forget: true }, bench.emit);
    assert.deepEqual([down.daemon, down.removed, down.shutdown], ['dead', 0, 'skipped']);
    assert.deepEqual(bench.log, []);
    assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined);
    const kept = readdirSync(bench.stateDirectory).filter((name) => name.startsWith('.deployment-damaged-'));
    assert.deepEqual(
      kept.map((name) => lstatSync(join(bench.stateDirectory, name)).ino),
      [ino],
    );
    assert.match(bench.warnings.join(), /; it is kept as \S+\/\.deployment-damaged-\S+; .* by hand/);
    assert.equal((await openPeerJournal(t, bench)).peers.length, 2, 'the next daemon can remove the peers');
  });
}
