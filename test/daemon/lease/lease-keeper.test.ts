import assert from 'node:assert/strict';
import { mkdir, readFile, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type Mock, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LeaseKeeper } from '../../../src/daemon/lease/lease-keeper.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { parseCidr } from '../../../src/network/cidr.ts';
import { encodeAttributes } from '../../../src/lease/wire.ts';
import { openFilesStore } from '../../../src/store/files/store.ts';
import { StoreError, type LeaseRecord, type LeaseStore } from '../../../src/store/store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const key = '10.50.7.0-24';

function valueOf(publicIp: string, backendData: string): string {
  const none = { publicIpv6: undefined, backendV6Data: undefined };
  return encodeAttributes({ publicIp, backendType: 'extension', backendData, ...none });
}

const ours = valueOf('172.30.0.1', 'ours');

/** A keeper of a lease in a store of its own, and what it says. */
class Kept {
  readonly store: LeaseStore;
  readonly keeper: LeaseKeeper;
  /** Where the lease stands. */
  readonly file: string;
  readonly events: HeddleEvent[] = [];
  readonly taken: string[] = [];
  /** How often the holder heard of the end of an outage. */
  answers = 0;
  readonly concerns = new Concerns(
    (event) => this.events.push(event),
    () => undefined,
    Date.now,
  );

  private constructor(store: LeaseStore, directory: string, record: LeaseRecord) {
    this.store = store;
    this.file = join(directory, 'subnets', key);
    this.keeper = new LeaseKeeper({
      store,
      record,
      subnets: { ipv4: parseCidr('10.50.7.0/24'), ipv6: undefined },
      ttlSeconds: 86_400,
      marginSeconds: 3600,
      subnet: '10.50.7.0/24',
      emit: (event) => this.events.push(event),
      concerns: this.concerns,
      holder: {
        leaseWriting: () => Promise.resolve(),
        leaseWritten: () => Promise.resolve(),
        storeAnswered: () => (this.answers += 1),
        leaseTaken: (because) => void this.taken.push(because),
      },
    });
  }

  /** @param prepare called before the keeper sets its first timer */
  static async start(t: TestContext, ttlSeconds = 86_400, prepare?: () => void): Promise<Kept> {
    const directory = temporaryDirectory(t);
    const store = await openFilesStore(directory);
    t.after(() => store.close());
    const record = await store.create(key, ours, ttlSeconds);
    assert.ok(record !== 'taken');
    prepare?.();
    const kept = new Kept(store, directory, record);
    t.after(() => kept.keeper.stop());
    return kept;
  }

  /** The value that stands in the store. */
  async standing(): Promise<string | undefined> {
    return (await this.store.list()).records.find((record) => record.key === key)?.value;
  }

  /** Writes the lease as another process would. */
  async overwrite(value: string): Promise<void> {
    await writeFile(this.file, value);
  }

  /** Why the lease was lost, each time that it was. */
  get losses(): string[] {
    return this.events.flatMap((event) => (event.event === 'lease-lost' ? [event.because] : []));
  }

  async nextEvent(): Promise<void> {
    const before = this.events.length;
    await until('another event', () => this.events.length > before);
  }
}

test('a value that is published during a renewal is in the lease afterwards', async (t) => {
  const kept = await Kept.start(t);
  const renewal = kept.keeper.reclaim();
  const changed = valueOf('172.30.0.1', 'changed');
  await Promise.all([renewal, kept.keeper.publish(changed)]);
  assert.equal(await kept.standing(), changed);
});

test('a lease that was deleted is taken again', async (t) => {
  const kept = await Kept.start(t);
  await rm(kept.file);
  await kept.keeper.reclaim();
  assert.equal(await kept.standing(), ours);
  assert.deepEqual(kept.losses, ['it had expired or been deleted; taken again']);
  assert.deepEqual(kept.taken, []);
});

test('a lease that somebody edited is taken back, and at leisure if that goes on', async (t) => {
  const kept = await Kept.start(t);
  await kept.overwrite(valueOf('172.30.0.1', 'edited'));
  await kept.keeper.reclaim();
  assert.equal(await kept.standing(), ours);
  assert.match(
    kept.losses.join(),
    /^another machine with this node's address wrote it: .*"edited".*; taken back$/,
  );
  assert.deepEqual(
    kept.concerns.all.map(({ kind, about }) => [kind, about]),
    [['lease-contested', key]],
  );

  const again = valueOf('172.30.0.1', 'edited again');
  await kept.overwrite(again);
  await kept.keeper.reclaim();
  assert.equal(await kept.standing(), again, 'not at once');
  await kept.nextEvent();
  assert.equal(await kept.standing(), ours);
  assert.deepEqual(kept.taken, []);
});

test('the keeper knows an outage from the first failed write to the next success', async (t) => {
  const kept = await Kept.start(t);
  const store = dirname(dirname(kept.file));
  await rename(store, `${store}.away`);
  t.after(() => rm(`${store}.away`, { recursive: true, force: true }));
  await kept.keeper.reclaim();
  const { outage } = kept.keeper;
  assert.match(outage?.because ?? '', /^cannot /);
  assert.ok(outage !== undefined && outage.nextTryAt > outage.since);
  await rename(`${store}.away`, store);
  await kept.nextEvent();
  assert.equal(kept.events.at(-1)?.event, 'lease-renewed');
  assert.equal(kept.keeper.outage, undefined);
});

test('a lease that ends while the store is away is a concern until it is renewed', async (t) => {
  const kept = await Kept.start(t, 1);
  const store = dirname(dirname(kept.file));
  await rename(store, `${store}.away`);
  t.after(() => rm(`${store}.away`, { recursive: true, force: true }));
  await kept.keeper.reclaim();
  assert.deepEqual(kept.concerns.all, [], 'it has not ended yet');
  const [concern] = await until('the concern', () => kept.concerns.all.length > 0 && kept.concerns.all);
  assert.ok(kept.keeper.isOver);
  assert.deepEqual([concern?.kind, concern?.about], ['lease-expired', key]);
  await rename(`${store}.away`, store);
  await until('the end of the concern', () => kept.concerns.all.length === 0);
  assert.equal(await kept.standing(), ours);
});

for (const [what, block, free] of [
  [
    'a directory stands in the place of the draft',
    (store: string) => mkdir(join(store, '.draft')),
    (store: string) => rmdir(join(store, '.draft')),
  ],
  [
    'a link stands in the place of the leases',
    async (store: string) => {
      await rename(join(store, 'subnets'), join(store, 'elsewhere'));
      await symlink('elsewhere', join(store, 'subnets'));
    },
    async (store: string) => {
      await rm(join(store, 'subnets'));
      await rename(join(store, 'elsewhere'), join(store, 'subnets'));
    },
  ],
] as const) {
  test(`a lease that ends while ${what} is a concern until it is renewed`, async (t) => {
    const kept = await Kept.start(t, 1);
    const store = dirname(dirname(kept.file));
    await block(store);
    await kept.keeper.reclaim();
    const [concern] = await until('the concern', () => kept.concerns.all.length > 0 && kept.concerns.all);
    assert.deepEqual([concern?.kind, concern?.about], ['lease-expired', key]);
    assert.ok(kept.keeper.isOver);
    await free(store);
    await until('the end of the concern', () => kept.concerns.all.length === 0);
    assert.equal(await kept.standing(), ours);
  });
}

test('a lease that another node has is given up, once', async (t) => {
  const kept = await Kept.start(t);
  const theirs = valueOf('172.30.0.2', 'theirs');
  await kept.overwrite(theirs);
  await Promise.all([kept.keeper.reclaim(), kept.keeper.publish(valueOf('172.30.0.1', 'late'))]);
  assert.deepEqual(kept.taken, [`another node holds it now: ${theirs}`]);
  assert.equal(await kept.standing(), theirs);
});

test('an unreadable lease is not another node’s: the keeper takes it again as soon as possible', async (t) => {
  const kept = await Kept.start(t);
  await kept.overwrite('{ torn');
  await kept.keeper.reclaim();
  assert.deepEqual(kept.taken, []);
  assert.match(
    kept.losses.join(),
    /does not contain one complete JSON object; heddle takes it again as soon as/,
  );
  await rm(kept.file);
  await until('the lease to stand again', () => kept.standing());
  assert.match(await readFile(kept.file, 'utf8'), /"ours"/);
});

test('a keeper stalls when its renewal is late or takes minutes, but not before the renewal is due', async (t) => {
  const { keeper, store } = await Kept.start(t);
  let ahead = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + ahead);
  ahead = 70_000_000;
  assert.equal(keeper.stall(), undefined);
  ahead = 86_400_000;
  assert.match(keeper.stall() ?? '', /^the renewal of the lease is \d+ s late$/);
  let goOn = (): void => undefined;
  const replace = t.mock.method(store, 'replace', () => {
    return new Promise((resolve) => (goOn = () => resolve('gone')));
  });
  const written = keeper.publish(valueOf('172.30.0.1', 'other'));
  await until('the write to begin', () => replace.mock.callCount() > 0);
  assert.equal(keeper.stall(), undefined);
  ahead += 150_000;
  assert.match(keeper.stall() ?? '', /^the lease of this node has been written for 15\d s$/);
  replace.mock.restore();
  goOn();
  await written;
});

/** A keeper of a lease of 20 seconds, with the longest delays of a manual clock, whose store fails from now on. */
class Outage {
  readonly kept: Kept;
  readonly #t: TestContext;
  readonly #replace: Mock<LeaseStore['replace']>;

  private constructor(t: TestContext, kept: Kept) {
    this.#t = t;
    this.kept = kept;
    this.#replace = t.mock.method(kept.store, 'replace', () => Promise.reject(away));
  }

  static async begin(t: TestContext): Promise<Outage> {
    const stopClock = (): void => {
      t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
      t.mock.method(Math, 'random', () => 0.999);
    };
    return new Outage(t, await Kept.start(t, 20, stopClock));
  }

  /** The number of writes that were tried. */
  get writes(): number {
    return this.#replace.mock.callCount();
  }

  /** Lets seconds pass until the next write. Returns their number. */
  async untilWrite(): Promise<number> {
    const before = this.writes;
    for (let seconds = 0; seconds < 100; seconds += 1) {
      if (this.writes > before) return seconds;
      this.#t.mock.timers.tick(1000);
      await nextTurn();
    }
    throw new Error('no write in 100 seconds');
  }

  /** Lets so many writes fail. */
  async fail(writes: number): Promise<void> {
    while (this.writes < writes) await this.untilWrite();
  }

  /** The next writes end as the given function says. */
  answer(write: LeaseStore['replace']): void {
    this.#replace.mock.mockImplementation(write);
  }
}

const away = new StoreError('the store is away', { retryable: true });

const succeed: LeaseStore['replace'] = (record, value, ttlSeconds = 0) =>
  Promise.resolve({ ...record, value, expiresAt: Date.now() + ttlSeconds * 1000 });

test('a lease that is over is written at least every ten seconds, however long the outage is', async (t) => {
  const outage = await Outage.begin(t);
  await outage.fail(6);
  assert.ok(outage.kept.keeper.isOver);
  const waits: number[] = [];
  for (let count = 0; count < 20; count += 1) waits.push(await outage.untilWrite());
  assert.ok(Math.max(...waits) <= 10, waits.join());
  assert.ok(Math.min(...waits.slice(2)) >= 9, waits.join());
  outage.answer(succeed);
  await outage.untilWrite();
  assert.equal(outage.kept.keeper.isOver, false);
  assert.deepEqual(outage.kept.concerns.all, []);
});

test('a lease is written at once when another user of the store gets an answer', async (t) => {
  const outage = await Outage.begin(t);
  await outage.fail(8);
  outage.answer(succeed);
  outage.kept.keeper.storeAnswered();
  await nextTurn();
  assert.equal(outage.writes, 9);
  assert.equal(outage.kept.keeper.isOver, false);
  assert.equal(outage.kept.keeper.outage, undefined);
  assert.equal(outage.kept.answers, 1, 'the holder hears of the end of the outage');
  outage.kept.keeper.storeAnswered();
  await nextTurn();
  assert.equal(outage.writes, 9, 'a lease that is well is not written');
  assert.equal(outage.kept.answers, 1);
});

test('a write that fails although the store answered another user is tried again soon', async (t) => {
  const outage = await Outage.begin(t);
  await outage.fail(8);
  outage.kept.keeper.storeAnswered();
  await nextTurn();
  assert.equal(outage.writes, 9);
  assert.equal(await outage.untilWrite(), 1);

  let giveUp = (): void => undefined;
  await outage.fail(14);
  outage.answer(() => new Promise((_, reject) => (giveUp = () => reject(away))));
  await outage.untilWrite();
  outage.kept.keeper.storeAnswered();
  await nextTurn();
  assert.equal(outage.writes, 15, 'one write at a time');
  outage.answer(succeed);
  giveUp();
  await nextTurn();
  assert.equal(await outage.untilWrite(), 1);
  assert.equal(outage.kept.keeper.isOver, false);
});

test('a keeper that has stopped does not write its lease when the store answers', async (t) => {
  const outage = await Outage.begin(t);
  await outage.fail(3);
  await outage.kept.keeper.stop();
  outage.kept.keeper.storeAnswered();
  await nextTurn();
  assert.equal(outage.writes, 3);
});
