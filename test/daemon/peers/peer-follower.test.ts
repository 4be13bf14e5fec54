import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { PeerJournal } from '../../../src/daemon/peers/peer-journal.ts';
import { PeerLinks } from '../../../src/daemon/peers/peer-links.ts';
import { PeerLoop } from '../../../src/daemon/peers/peer-loop.ts';
import { PeerFollower } from '../../../src/daemon/peers/peer-follower.ts';
import { LinkRoutes } from '../../../src/network/link-routes.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { openJournal } from '../../../src/host/state/journal-file.ts';
import type { PeerRules } from '../../../src/lease/check-peer.ts';
import { encodeAttributes } from '../../../src/lease/wire.ts';
import { openFilesStore } from '../../../src/store/files/store.ts';
import { pagesOf } from '../../support/pages-of.ts';
import { StoreError, type LeaseRecord, type LeaseStore, type ListPart } from '../../../src/store/store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { cidr, textRules } from '../../lease/fixtures.ts';
import { until } from '../../support/until.ts';
import { changedStore } from '../bench.ts';
import { makeNumberedPeer } from '../network/network-bench.ts';

const own = { key: '10.50.1.0-24', subnets: { ipv4: cidr('10.50.1.0/24'), ipv6: undefined } };

/** Peer 4 has 10.50.4.0/24 and 172.30.0.4, unless it has moved. */
function valueOf(number: number): string {
  const none = { publicIpv6: undefined, backendV6Data: undefined };
  return encodeAttributes({
    publicIp: `172.30.0.${number}`,
    backendType: 'extension',
    backendData: `data-${number}`,
    ...none,
  });
}

const keyOf = (number: number): string => `10.50.${number}.0-24`;

/** A node that finds peers 4 and 5 in its journal and follows a store in which it has its own lease. */
class Scene {
  readonly store: LeaseStore;
  readonly loop: PeerLoop;
  readonly events: HeddleEvent[] = [];
  /** What was run. */
  readonly runs: string[] = [];
  /** The addresses of this node. */
  ownAddresses: readonly string[] = textRules.ownAddresses;
  /** The routes of this node. */
  routes = new LinkRoutes([]);
  readonly follower: PeerFollower;
  /** The list in pages that the store gives from now on; undefined: that of the files. */
  pages: LeaseStore['listPages'] | undefined;
  /** The number of outages whose end the keeper of the own lease heard of. */
  answers = 0;

  private constructor(store: LeaseStore, journal: PeerJournal, mayBeLate: boolean) {
    this.store = store;
    const emit = (event: HeddleEvent): void => {
      this.events.push(event);
    };
    this.loop = new PeerLoop({
      engine: new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined }),
      journal,
      commands: {
        run: ({ kind, peer }) => {
          this.runs.push(`${kind} ${peer.key}`);
          return Promise.resolve({ kind: 'ok', stdout: '', stderr: '', durationMs: 0 });
        },
        batch: undefined,
      },
      concurrency: 4,
      emit,
      onProgress: () => undefined,
    });
    const earlier = [4, 5].map(makeNumberedPeer);
    this.loop.feed({ kind: 'restore', peers: earlier });
    const pages = (): AsyncIterable<ListPart> | undefined => this.pages?.();
    const present = new Set(earlier.map(({ subnet }) => subnet ?? ''));
    this.loop.checked(present, this.loop.engine.checkpoint);
    this.follower = new PeerFollower({
      store: changedStore(store, {
        listPages: async function* () {
          yield* pages() ?? pagesOf(await store.list());
        },
      }),
      rules: this.#rules(),
      own: {
        ...own,
        value: valueOf(1),
        isOver: false,
        marginMs: 3_600_000,
        reclaim: () => Promise.resolve(),
        storeAnswered: () => (this.answers += 1),
      },
      earlier,
      mayBeLate,
      loop: this.loop,
      links: new PeerLinks(
        ({ key }) => key !== keyOf(9),
        () => Promise.resolve(this.routes),
      ),
      emit,
      concerns: new Concerns(emit, () => undefined, Date.now),
    });
  }

  #rules(): PeerRules {
    const addresses = (): readonly string[] => this.ownAddresses;
    return {
      ...textRules,
      get ownAddresses() {
        return addresses();
      },
    };
  }

  /** @param standing the leases that the first list has, as subnet and node */
  static async start(
    t: TestContext,
    mayBeLate: boolean,
    standing: readonly (readonly [subnet: number, node: number])[],
  ): Promise<Scene> {
    const directory = temporaryDirectory(t);
    const store = await openFilesStore(join(directory, 'store'));
    const file = await openJournal(join(directory, 'journal'));
    const scene = new Scene(store, await PeerJournal.open(file), mayBeLate);
    await scene.lease(1, 1);
    for (const [subnet, node] of standing) await scene.lease(subnet, node);
    const ending = new AbortController();
    const following = scene.follower.follow(ending.signal);
    t.after(async () => {
      ending.abort();
      await following;
      await scene.loop.stop();
      await store.close();
      await file.close();
    });
    await scene.until(() => scene.events.some(({ event }) => event === 'snapshot'));
    return scene;
  }

  async lease(subnet: number, node: number): Promise<void> {
    assert.notEqual(await this.store.create(keyOf(subnet), valueOf(node), 3600), 'taken');
  }

  get wanted(): readonly string[] {
    return this.follower.roster.peers.map(({ key }) => key).sort();
  }

  async until(condition: () => boolean): Promise<void> {
    await until(String(condition), condition, () => this.runs.join('\n'));
    await this.loop.settled();
  }

  get warnings(): readonly string[] {
    return this.events.flatMap((event) => (event.event === 'warning' ? [event.message] : []));
  }
}

test('a peer that only the journal knows goes with the first list', async (t) => {
  const scene = await Scene.start(t, false, [[4, 4]]);
  assert.deepEqual(scene.wanted, [keyOf(4)]);
  assert.deepEqual(scene.runs, [`remove ${keyOf(5)}`]);
  assert.deepEqual(scene.warnings, []);
});

test('a peer that only the journal knows stays for a while if leases may have ended because nobody could renew them', async (t) => {
  const scene = await Scene.start(t, true, [[6, 6]]);
  assert.deepEqual(scene.wanted, [4, 5, 6].map(keyOf));
  assert.deepEqual(scene.runs, [`add ${keyOf(6)}`]);
  assert.match(scene.warnings[0] ?? '', /^leases of peers ended while the store or this node was away; /);

  // One comes back as it was, and nothing runs for it.
  await scene.lease(4, 4);
  await scene.lease(7, 7);
  await scene.until(() => scene.runs.includes(`add ${keyOf(7)}`));
  assert.deepEqual(scene.runs.slice(1), [`add ${keyOf(7)}`]);
});

test('a peer that may be late goes at once if its node has another subnet, or gets one', async (t) => {
  const scene = await Scene.start(t, true, [[6, 4]]);
  assert.deepEqual(scene.wanted, [5, 6].map(keyOf));
  assert.deepEqual(scene.runs, [`remove ${keyOf(4)}`, `add ${keyOf(6)}`]);
  await scene.lease(7, 5);
  await scene.until(() => scene.runs.includes(`add ${keyOf(7)}`));
  assert.deepEqual(scene.wanted, [6, 7].map(keyOf));
  assert.deepEqual(scene.runs.slice(2), [`remove ${keyOf(5)}`, `add ${keyOf(7)}`]);
  assert.deepEqual(
    scene.events.filter(({ event }) => event === 'concern'),
    [],
  );
});

test('a lease of another key with the address of this node is a concern for as long as it stands', async (t) => {
  const scene = await Scene.start(t, false, [
    [4, 4],
    [5, 5],
  ]);
  const concerns = (): readonly string[] =>
    scene.events.flatMap((event) => {
      if (event.event === 'concern') return [`${event.kind}: ${event.because}`];
      return event.event === 'concern-ended' ? [`${event.kind} ended`] : [];
    });
  await scene.lease(6, 1);
  await scene.until(() => concerns().length === 1);
  assert.match(
    concerns()[0] ?? '',
    /^own-address: the lease 10\.50\.6\.0-24 has the public address 172\.30\.0\.1, which is this node's own/,
  );
  const { records } = await scene.store.list();
  const twin = records.find(({ key }) => key === keyOf(6));
  assert.ok(twin);
  await scene.store.remove(twin);
  await scene.until(() => concerns().length === 2);
  assert.equal(concerns()[1], 'own-address ended');
});

test('every lease is judged again when the addresses of this node have changed', async (t) => {
  const scene = await Scene.start(t, false, [
    [6, 6],
    [7, 7],
  ]);
  assert.deepEqual(scene.wanted, [keyOf(6), keyOf(7)]);
  const rejections = (): readonly string[] => [...scene.follower.roster.rejections.keys()];

  // A peer that is in place stays: its lease is not replaced by a good one.
  scene.ownAddresses = ['172.30.0.7', '172.30.0.8'];
  await scene.lease(8, 8);
  await scene.until(() => rejections().includes(keyOf(8)));
  scene.follower.relist();
  await scene.until(() => rejections().includes(keyOf(7)));
  assert.deepEqual(scene.wanted, [keyOf(6), keyOf(7)]);

  scene.ownAddresses = ['172.30.0.1'];
  scene.follower.relist();
  await scene.until(() => rejections().length === 0);
  assert.deepEqual(scene.wanted, [keyOf(6), keyOf(7), keyOf(8)]);
  assert.deepEqual(scene.follower.roster.ownClaims, []);
});

test('the keeper of the own lease hears of the end of an outage, and of nothing else', async (t) => {
  const scene = await Scene.start(t, false, [[4, 4]]);
  scene.follower.relist();
  const snapshots = (): number => scene.events.filter(({ event }) => event === 'snapshot').length;
  await scene.until(() => snapshots() === 2);
  assert.equal(scene.answers, 0);
  const away = new StoreError('the store is away', { retryable: true });
  const list = t.mock.method(scene.store, 'list', () => Promise.reject(away));
  scene.follower.relist();
  await scene.until(() => scene.follower.outage !== undefined);
  assert.equal(scene.answers, 0);
  list.mock.restore();
  await scene.until(() => snapshots() === 3);
  assert.equal(scene.answers, 1);
});

test('a follower lists at once when another user of the store gets an answer', async (t) => {
  const scene = await Scene.start(t, false, [[4, 4]]);
  const away = new StoreError('the store is away', { retryable: true });
  const list = t.mock.method(scene.store, 'list', () => Promise.reject(away));
  const snapshots = (): number => scene.events.filter(({ event }) => event === 'snapshot').length;
  /** Lets promises go on, for a time that is much shorter than any pause of the follower. */
  const takeTurns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  scene.follower.storeAnswered();
  await takeTurns();
  assert.equal(list.mock.callCount(), 0, 'a follower that is well goes on');

  scene.follower.relist();
  await scene.until(() => scene.follower.outage !== undefined);
  const before = list.mock.callCount();
  scene.follower.storeAnswered();
  await takeTurns();
  assert.ok(list.mock.callCount() > before, 'the follower still pauses');
  list.mock.restore();
  scene.follower.storeAnswered();
  await scene.until(() => snapshots() === 2);
  assert.equal(scene.follower.outage, undefined);
});

test('a follower stalls when a list takes minutes, but not while nothing changes', async (t) => {
  const scene = await Scene.start(t, false, [[4, 4]]);
  let ahead = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + ahead);
  ahead = 86_400_000;
  assert.equal(scene.follower.stall(), undefined);
  let giveUp = (): void => undefined;
  const list = t.mock.method(scene.store, 'list', () => {
    return new Promise((resolve) => (giveUp = () => resolve({ records: [], faults: [], cursor: 0 })));
  });
  try {
    scene.follower.relist();
    await scene.until(() => list.mock.callCount() > 0);
    ahead += 119_000;
    assert.equal(scene.follower.stall(), undefined);
    ahead += 31_000;
    assert.match(scene.follower.stall() ?? '', /^the leases in the store have been listed for 15\d s$/);
  } finally {
    list.mock.restore();
    giveUp();
  }
});

test('a peer that is on another link of this node now has changed; one of unknown link has not', async (t) => {
  const scene = await Scene.start(t, false, [
    [4, 4],
    [6, 6],
  ]);
  const linkOf = (number: number) => scene.loop.engine.entries.get(keyOf(number))?.wanted?.link?.devices.ipv4;
  assert.deepEqual(
    scene.runs,
    [`remove ${keyOf(5)}`, `add ${keyOf(6)}`],
    'the journal does not know the link of 4',
  );
  const route = (to: string, device: string | undefined) => ({ destination: cidr(to), device, metric: 0 });
  scene.routes = new LinkRoutes([route('0.0.0.0/0', undefined), route('172.30.0.6/32', 'eth1')]);
  await scene.follower.lookAtLinks(new AbortController().signal);
  await scene.loop.settled();
  assert.deepEqual([linkOf(4), linkOf(6)], [undefined, 'eth1']);
  assert.deepEqual(scene.runs.slice(2), [`remove ${keyOf(6)}`, `add ${keyOf(6)}`]);
  await scene.follower.lookAtLinks(new AbortController().signal);
  await scene.loop.settled();
  assert.equal(scene.runs.length, 4, 'nothing has changed');
  scene.routes = new LinkRoutes([route('172.30.0.0/24', 'eth0')]);
  await scene.follower.lookAtLinks(new AbortController().signal);
  await scene.loop.settled();
  assert.deepEqual([linkOf(4), linkOf(6)], ['eth0', 'eth0']);
  assert.equal(scene.runs.length, 8);
  scene.routes = new LinkRoutes([]);
  const ending = new AbortController();
  const look = scene.follower.lookAtLinks(ending.signal);
  ending.abort();
  await look;
  assert.deepEqual([linkOf(4), linkOf(6)], ['eth0', 'eth0'], 'nothing begins after the signal');
});

test('peers of a page are added before the list is whole, and what the list lacks goes at its end', async (t) => {
  const scene = await Scene.start(t, false, [
    [4, 4],
    [5, 5],
  ]);
  const { records, cursor } = await scene.store.list();
  const ofOthers = records.filter(({ key }) => key !== keyOf(5));
  const [own] = records;
  assert.ok(own);
  const record = (subnet: number, node: number): LeaseRecord => ({
    ...own,
    key: keyOf(subnet),
    value: valueOf(node),
  });
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  // Node 5 has moved from subnet 5 to 7, and has begun to tell of it.
  const parts: readonly ListPart[] = [
    { kind: 'begin' },
    { kind: 'page', records: [record(6, 6), record(7, 5)], faults: [] },
    { kind: 'page', records: ofOthers, faults: [] },
    { kind: 'end', cursor },
  ];
  scene.pages = async function* () {
    for (const part of parts) {
      if (part === parts[2]) await held;
      yield part;
    }
  };
  scene.follower.relist();
  await scene.until(() => scene.runs.includes(`add ${keyOf(6)}`));
  assert.deepEqual(scene.runs, [`add ${keyOf(6)}`]);
  goOn();
  await scene.until(() => scene.runs.includes(`add ${keyOf(7)}`));
  assert.deepEqual(scene.runs, [`add ${keyOf(6)}`, `remove ${keyOf(5)}`, `add ${keyOf(7)}`]);
  assert.deepEqual(scene.wanted, [4, 6, 7].map(keyOf));
  assert.deepEqual(scene.warnings, []);
});
