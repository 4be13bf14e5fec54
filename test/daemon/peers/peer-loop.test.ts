import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CommandResult } from '../../../src/daemon/commands/command-result.ts';
import type { BatchEnd, PeerCommands } from '../../../src/daemon/commands/peer-commands.ts';
import { PeerJournal } from '../../../src/daemon/peers/peer-journal.ts';
import { PeerLoop } from '../../../src/daemon/peers/peer-loop.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import type { Peer } from '../../../src/lease/lease.ts';
import { until } from '../../support/until.ts';

function makePeer(n: number): Peer {
  const subnet = `10.${n >> 8}.${n & 255}.0`;
  return {
    key: `${subnet}-24`,
    subnet: `${subnet}/24`,
    ipv6Subnet: undefined,
    publicIp: `192.0.${n >> 8}.${n & 255}`,
    publicIpv6: undefined,
    stdin: `data-${n}\n`,
    fields: {},
  };
}

const ok: CommandResult = { kind: 'ok', stdout: '', stderr: '', durationMs: 1 };
const trouble: CommandResult = {
  kind: 'trouble',
  trouble: {
    command: 'SubnetBatchCommand',
    how: 'exited with status 1',
    where: undefined,
    text: undefined,
    stderr: '',
  },
  durationMs: 1,
  didBegin: true,
};

/** A loop whose commands the test ends. */
class Scene {
  readonly loop: PeerLoop;
  readonly journal: PeerJournal;
  readonly events: HeddleEvent[] = [];
  /** What was begun, in order: `add 10.0.1.0/24`, or `batch` with its lines. */
  readonly begun: string[] = [];
  /** The most operations that were in batches at one time. */
  mostInBatches = 0;
  #inBatches = 0;
  readonly #ends: { end(end: BatchEnd): void }[] = [];

  private constructor(journal: PeerJournal, hasBatch: boolean, concurrency: number) {
    this.journal = journal;
    const run = <End extends BatchEnd>(what: string): Promise<End> => {
      this.begun.push(what);
      return new Promise((resolve) => this.#ends.push({ end: (end) => resolve(end as End) }));
    };
    const nameOf = (kind: string, peer: Peer): string => `${kind} ${peer.subnet ?? ''}`;
    const commands: PeerCommands = {
      run: ({ kind, peer }) => run(nameOf(kind, peer)),
      batch: hasBatch
        ? async (operations) => {
            this.#inBatches += operations.length;
            this.mostInBatches = Math.max(this.mostInBatches, this.#inBatches);
            const end = await run<BatchEnd>(
              `batch of ${operations.length}: ${[...new Set(operations.map(({ kind }) => kind))].join(',')}`,
            );
            this.#inBatches -= operations.length;
            return end;
          }
        : undefined,
    };
    this.loop = new PeerLoop({
      engine: new Engine({
        canRemove: true,
        repeatable: hasBatch,
        fitsBatch: hasBatch ? () => true : undefined,
      }),
      journal,
      commands,
      concurrency,
      emit: (event) => {
        this.events.push(event);
      },
      onProgress: () => undefined,
    });
  }

  static async start({ hasBatch = true, concurrency = 4 } = {}): Promise<Scene> {
    const lines: unknown[] = [];
    const journal = await PeerJournal.open({
      path: 'journal',
      read: () => Promise.resolve([]),
      append: (more) => Promise.resolve(void lines.push(...more)),
      rewrite: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
    return new Scene(journal, hasBatch, concurrency);
  }

  static with(journal: PeerJournal, { hasBatch = false } = {}): Scene {
    return new Scene(journal, hasBatch, 4);
  }

  get running(): number {
    return this.#ends.length;
  }

  end(result: BatchEnd): void {
    this.#ends.shift()?.end(result);
  }

  async until(condition: () => boolean): Promise<void> {
    await until(
      String(condition),
      condition,
      () => `${this.begun.length} runs have begun, ${this.running} of them run`,
    );
  }

  /** Ends whatever begins with success, until nothing is left to do. */
  async finish(): Promise<void> {
    const { engine } = this.loop;
    while (!engine.isSettled) {
      await this.until(() => engine.isSettled || this.running > 0);
      while (this.running > 0) this.end(ok);
    }
    await this.loop.settled();
  }
}

const peers = (count: number): Peer[] => Array.from({ length: count }, (_, n) => makePeer(n));

test('after a shutdown is fed no add begins, though a batch of adds fails then', async () => {
  const scene = await Scene.start();
  scene.loop.feed({ kind: 'snapshot', peers: peers(2500) });
  await scene.until(() => scene.running === 2);
  const before = scene.begun.length;
  scene.loop.feed({ kind: 'shutdown' });
  scene.end(trouble);
  scene.end(trouble);
  await scene.finish();
  const after = scene.begun.slice(before);
  assert.deepEqual(
    after.filter((what) => what.includes('add')),
    [],
  );
  assert.ok(after.length > 0);
  assert.deepEqual(scene.journal.peers, []);
});

test('a batch that fails is told once, with its size, and one that succeeds with what it did', async () => {
  const scene = await Scene.start();
  scene.loop.feed({ kind: 'snapshot', peers: peers(40) });
  await scene.until(() => scene.running === 1);
  scene.end(trouble);
  await scene.until(() => scene.running > 0);
  scene.end(trouble);
  await scene.finish();
  const failed = scene.events.filter(({ event }) => event === 'batch-failed');
  assert.deepEqual(failed, [{ event: 'batch-failed', size: 40, trouble: trouble.trouble }]);
  const applied = scene.events.flatMap((event) =>
    event.event === 'batch-applied' ? [event.addedCount] : [],
  );
  assert.equal(
    applied.reduce((sum, count) => sum + count, 0),
    40,
  );
  assert.equal(scene.loop.engine.counts.inPlace, 40);
});

test('the event of a batch that succeeded has its stderr', async () => {
  const scene = await Scene.start();
  scene.loop.feed({ kind: 'snapshot', peers: peers(40) });
  await scene.until(() => scene.running === 1);
  scene.end({ ...ok, stderr: 'sh: [[: not found' });
  await scene.finish();
  const printed = scene.events.flatMap((event) => (event.event === 'batch-applied' ? [event.stderr] : []));
  assert.deepEqual(
    printed.filter((text) => text !== ''),
    ['sh: [[: not found'],
  );
});

test('of a batch with a result for each peer, the failed ones are told and tried again by themselves', async () => {
  const scene = await Scene.start();
  scene.loop.feed({ kind: 'snapshot', peers: peers(40) });
  await scene.until(() => scene.running === 1);
  const results = peers(40).map((_, n) =>
    n === 3 ? { ...trouble, trouble: { ...trouble.trouble, how: 'failed' } } : ok,
  );
  scene.end({ kind: 'each', results, durationMs: 1 });
  await scene.until(() => scene.running === 1);
  assert.deepEqual(scene.begun, ['batch of 40: add', 'add 10.0.3.0/24']);
  await scene.finish();
  const told = scene.events.map(({ event }) => event);
  assert.deepEqual(told.slice(0, 2).sort(), ['batch-applied', 'peer-failed']);
  assert.equal(scene.loop.engine.counts.inPlace, 40);
});

test('operations of a batch that were stopped are decided again, and no peer has failed', async () => {
  const scene = await Scene.start();
  scene.loop.feed({ kind: 'snapshot', peers: peers(40) });
  await scene.until(() => scene.running === 1);
  scene.end({ kind: 'each', results: peers(40).map(() => ({ kind: 'stopped' })), durationMs: 1 });
  await scene.finish();
  assert.ok(
    scene.begun.slice(1).every((what) => what.startsWith('batch of 20')),
    scene.begun.join('\n'),
  );
  assert.deepEqual(
    scene.events.filter(({ event }) => event === 'peer-failed' || event === 'batch-failed'),
    [],
  );
});

test('peers that must be run by themselves do not wait for batches, nor batches for them', async () => {
  const scene = await Scene.start({ concurrency: 3 });
  scene.loop.feed({ kind: 'snapshot', peers: peers(1) });
  await scene.until(() => scene.running === 1);
  scene.loop.feed({ kind: 'snapshot', peers: peers(30) });
  await scene.until(() => scene.begun.length === 2);
  assert.deepEqual(scene.begun, ['add 10.0.0.0/24', 'batch of 29: add']);
  await scene.finish();
});

test('at most 2,500 peers are in batches at once, though more commands may run', async () => {
  const scene = await Scene.start({ concurrency: 8 });
  scene.loop.feed({ kind: 'snapshot', peers: peers(10_000) });
  await scene.until(() => scene.running === 2);
  await scene.finish();
  assert.ok(scene.mostInBatches >= 1500 && scene.mostInBatches <= 2500, scene.begun.join('\n'));
  assert.equal(scene.loop.engine.counts.inPlace, 10_000);
});

test('no more commands run at once than the recipe allows', async () => {
  const scene = await Scene.start({ hasBatch: false, concurrency: 3 });
  scene.loop.feed({ kind: 'snapshot', peers: peers(10) });
  await scene.until(() => scene.running === 3);
  assert.equal(scene.begun.length, 3);
  await scene.finish();
  assert.equal(scene.begun.length, 10);
});

test('what failed because a command could not be started is tried once more, one at a time', async () => {
  const scene = await Scene.start({ hasBatch: false, concurrency: 4 });
  scene.loop.feed({ kind: 'snapshot', peers: peers(4) });
  await scene.finish();
  scene.loop.feed({ kind: 'shutdown' });
  await scene.until(() => scene.running === 4);
  scene.end(ok);
  scene.end(trouble);
  for (let rest = 0; rest < 2; rest += 1) scene.end({ ...trouble, didBegin: false });
  await scene.loop.settled();
  assert.equal(scene.loop.engine.waitingKeys.length, 3);
  const tried = scene.loop.retryOneByOne();
  for (let left = 3; left > 0; left -= 1) {
    await scene.until(() => scene.running > 0);
    assert.equal(scene.running, 1);
    scene.end(left === 1 ? trouble : ok);
  }
  await tried;
  assert.equal(scene.loop.engine.waitingKeys.length, 1);
  await scene.loop.stop();
});

test('what failed by itself is not tried once more', async () => {
  const scene = await Scene.start({ hasBatch: false });
  scene.loop.feed({ kind: 'snapshot', peers: peers(1) });
  await scene.until(() => scene.running === 1);
  // A limit that was met earlier does not matter any more.
  scene.end({ ...trouble, didBegin: false });
  await scene.until(() => scene.running === 1);
  scene.end(ok);
  await scene.loop.settled();
  scene.loop.feed({ kind: 'shutdown' });
  await scene.until(() => scene.running === 1);
  scene.end(trouble);
  await scene.loop.settled();
  await scene.loop.retryOneByOne();
  assert.equal(scene.begun.length, 3);
  await scene.loop.stop();
});

test('while paused nothing begins, and what was fed meanwhile begins afterwards', async () => {
  const scene = await Scene.start({ hasBatch: false });
  scene.loop.feed({ kind: 'snapshot', peers: peers(1) });
  await scene.until(() => scene.running === 1);
  const paused = scene.loop.pause();
  scene.loop.feed({ kind: 'put', peer: makePeer(9) });
  scene.end(ok);
  await paused;
  assert.equal(scene.begun.length, 1);
  scene.loop.resume();
  await scene.until(() => scene.running === 1);
  await scene.finish();
});

test('a loop stalls while its journal does not answer, but not while a command runs or a retry is waited for', async () => {
  let answer = (): void => undefined;
  const journal = await PeerJournal.open({
    path: 'journal',
    read: () => Promise.resolve([]),
    append: () => new Promise<void>((resolve) => (answer = resolve)),
    rewrite: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
  const scene = Scene.with(journal);
  assert.equal(scene.loop.stall(), undefined);
  scene.loop.feed({ kind: 'snapshot', peers: peers(1) });
  await nextTurn();
  assert.equal(scene.loop.stall(), 'there is work for peers, but no command runs');
  answer();
  await scene.until(() => scene.running === 1);
  assert.equal(scene.loop.stall(), undefined);
  scene.end(trouble);
  await scene.until(() => scene.loop.engine.failing === 1);
  assert.equal(scene.loop.stall(), undefined);
  await scene.loop.stop();
});

/** A loop whose journal cannot be written until the test says so. */
async function startUnwritable(hasBatch: boolean): Promise<{ scene: Scene; heal: () => void }> {
  let isFull = true;
  const write = (): Promise<void> =>
    isFull ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
  const storage = { path: 'journal', read: () => Promise.resolve([]), close: () => Promise.resolve() };
  const journal = await PeerJournal.open({ ...storage, append: write, rewrite: write });
  return { scene: Scene.with(journal, { hasBatch }), heal: () => (isFull = false) };
}

test('a peer whose add did not run, because the journal cannot be written, is not removed before its retry', async () => {
  const { scene, heal } = await startUnwritable(false);
  scene.loop.feed({ kind: 'snapshot', peers: peers(2) });
  await scene.until(() => scene.loop.engine.failing === 2);
  assert.deepEqual(scene.journal.peers, [], 'nothing of them may be in the kernel');
  heal();
  await scene.until(() => scene.running === 2);
  assert.deepEqual(scene.begun.toSorted(), ['add 10.0.0.0/24', 'add 10.0.1.0/24']);
  await scene.finish();
  assert.equal(scene.journal.peers.length, 2);
  const events = scene.events.map(({ event }) => event);
  assert.deepEqual(events.slice(0, 2), ['peer-failed', 'peer-failed']);
  assert.ok(!events.includes('warning'), 'one cause, one line');
});

test('a batch that did not run is not searched for a bad peer, and is a batch again', async () => {
  const { scene, heal } = await startUnwritable(true);
  scene.loop.feed({ kind: 'snapshot', peers: peers(40) });
  await scene.until(() => scene.loop.engine.failing === 40);
  heal();
  await until('the peers', () => {
    while (scene.running > 0) scene.end(ok);
    return scene.loop.engine.counts.inPlace === 40;
  });
  const batched = scene.begun.flatMap((what) => /^batch of (\d+): add$/.exec(what)?.[1] ?? []);
  assert.ok(Math.max(...batched.map(Number)) > 20, scene.begun.join('\n'));
  assert.ok(!scene.begun.some((what) => what.includes('remove')));
  assert.equal(scene.events.filter(({ event }) => event === 'batch-failed').length, 1);
});
