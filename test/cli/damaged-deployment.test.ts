import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { withoutInterface } from '../daemon/interface.ts';
import { damages } from '../daemon/takeover/damages.ts';
import { Place, startHeddle } from '../support/ending.ts';
import { until } from '../support/until.ts';

/** The damages that are tried with every command; `test/daemon/network/unreadable-deployment.test.ts` tries them all. */
const tried = ['truncated', 'of a newer version', 'a FIFO', 'a link that leads nowhere'];

async function run(t: TestContext, args: readonly string[]): Promise<{ end: unknown; output: string }> {
  const ran = startHeddle(t, args);
  await until(
    `the end of ${args[0]}`,
    () => ran.child.exitCode !== null || ran.child.signalCode !== null,
    ran.output,
  );
  return { end: await ran.ended, output: ran.output() };
}

describe('a deployment file that is damaged', { skip: withoutInterface, concurrency: 2 }, () => {
  for (const what of tried) {
    test(`${what}: one sentence says what to do, and down --forget loses nothing`, async (t) => {
      const damage = damages[what];
      assert.ok(damage);
      const place = new Place(t);
      place.peer(4);
      const first = startHeddle(t, place.up());
      const isReady = /ready: subnet (\S+?),.* 1 peer in place/;
      await until('ready', () => isReady.test(first.output()), first.output);
      const subnet = isReady.exec(first.output())?.[1];
      first.child.kill('SIGKILL');
      await first.ended;
      const path = join(place.state, 'deployment.json');
      const sound = readFileSync(path, 'utf8');
      rmSync(path);
      damage.make(path, sound);

      const stateDir = ['--state-dir', place.state];
      const [down, status, doctor] = await Promise.all([
        run(t, ['down', ...stateDir]),
        run(t, ['status', ...stateDir]),
        run(t, ['doctor', ...place.up().slice(1)]),
      ]);
      const up = await run(t, place.up());
      for (const { end, output } of [down, up]) {
        assert.equal(end, exitCodes['state-directory'], output);
        assert.match(output, damage.says);
        assert.match(
          output,
          /or run heddle down --forget --state-dir \S+: it keeps the file under another name/,
        );
      }
      assert.equal(status.end, exitCodes['not-running'], status.output);
      for (const { output } of [down, up, status, doctor])
        assert.doesNotMatch(output, /defect|internal error/);

      const before = lstatSync(path);
      const forget = await run(t, ['down', '--forget', ...stateDir]);
      assert.equal(forget.end, 0, forget.output);
      const kept = readdirSync(place.state).filter((name) => name.startsWith('.deployment-damaged-'));
      assert.equal(kept.length, 1, forget.output);
      assert.ok(forget.output.includes(`it is kept as ${join(place.state, kept[0] ?? '')}`), forget.output);
      assert.equal(lstatSync(join(place.state, kept[0] ?? '')).ino, before.ino);

      const second = startHeddle(t, place.up());
      await until('ready', () => isReady.test(second.output()), second.output);
      assert.equal(isReady.exec(second.output())?.[1], subnet);
      const end = await run(t, ['down', ...stateDir]);
      assert.match(end.output, /^Network down: 1 peer removed/m);
      assert.equal(await second.ended, 0, second.output());
    });
  }
});
