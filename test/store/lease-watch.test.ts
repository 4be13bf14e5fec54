import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { layOutFiles } from '../../src/store/files/layout.ts';
import { LeaseDirectory } from '../../src/store/files/lease-directory.ts';
import { LeaseWatch } from '../../src/store/files/lease-watch.ts';
import { CursorLostError } from '../../src/store/store.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ManualClock } from './manual-clock.ts';

/** A watch of an empty directory of leases, and its clock, which does not go by itself. */
async function begin(t: TestContext): Promise<{ watch: LeaseWatch; subnets: string; clock: ManualClock }> {
  const layout = layOutFiles(temporaryDirectory(t));
  mkdirSync(layout.subnets);
  const directory = new LeaseDirectory(layout.subnets);
  const { identity } = await directory.scan('at-once');
  const clock = new ManualClock();
  const watch = new LeaseWatch({
    layout,
    directory,
    identity,
    reports: new Map(),
    clock,
    rescanMs: 60_000,
    describe: (name, reason) => ({ where: name, reason }),
    onExpired: () => undefined,
  });
  t.after(() => watch.close());
  await watch.start();
  return { watch, subnets: layout.subnets, clock };
}

const lease = JSON.stringify({ value: '{"PublicIP":"192.0.2.7"}' });

test('a watch that follows waits for a change, and reports it', async (t) => {
  const { watch, subnets } = await begin(t);
  const next = watch.next();
  writeFileSync(join(subnets, '10.50.1.0-24'), lease);
  const [change] = (await next) ?? [];
  assert.ok(change !== undefined);
});

test('a watch whose directory was replaced fails, each time with the same error', async (t) => {
  const { watch, subnets, clock } = await begin(t);
  renameSync(subnets, `${subnets}.old`);
  mkdirSync(subnets);
  clock.advance(60_000);
  const failures: unknown[] = [];
  for (let tries = 0; tries < 10 && failures.length < 2; tries += 1) {
    await watch.next().catch((error: unknown) => failures.push(error));
  }
  assert.equal(failures.length, 2);
  assert.ok(failures[0] instanceof CursorLostError);
  assert.equal(failures[1], failures[0]);
});

test('a watch that is closed ends, even while a reader waits and after it has failed', async (t) => {
  const waiting = await begin(t);
  const next = waiting.watch.next();
  await waiting.watch.close();
  assert.equal(await next, undefined);

  const failed = await begin(t);
  renameSync(failed.subnets, `${failed.subnets}.old`);
  await assert.rejects(failed.watch.next());
  await failed.watch.close();
  assert.equal(await failed.watch.next(), undefined);
});
