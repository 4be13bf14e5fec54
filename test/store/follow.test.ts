import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { retries, retryDelay } from '../../src/time/retry.ts';
import { pagesOf } from '../support/pages-of.ts';
import { followLeases, type FollowOptions, type LeaseUpdate } from '../../src/store/follow.ts';
import {
  CursorLostError,
  StoreError,
  type Cursor,
  type LeaseRecord,
  type LeaseStore,
  type ListPart,
  type StoreChange,
} from '../../src/store/store.ts';

const record: LeaseRecord = {
  key: '10.50.7.0-24',
  value: '{}',
  expiresAt: undefined,
  revision: '1',
};
const put: StoreChange = { kind: 'put', record };
const outage = new StoreError('nobody answers', { retryable: true });

/** What a scripted store does at one round of list and watch: an error of either, or batches and then an error. */
type Round =
  | { readonly list: Error }
  | { readonly batches: readonly (readonly StoreChange[])[]; readonly then: Error | 'end' };

/** Plays failures that a real store cannot be made to have on demand. */
class ScriptedStore implements Pick<LeaseStore, 'listPages' | 'watch'> {
  lists = 0;
  readonly #rounds: Round[];
  #round: Round | undefined;

  constructor(rounds: readonly Round[]) {
    this.#rounds = [...rounds];
  }

  async *listPages(): AsyncGenerator<ListPart, void, void> {
    this.lists += 1;
    this.#round = this.#rounds.shift() ?? { batches: [], then: 'end' };
    if ('list' in this.#round) throw this.#round.list;
    yield* pagesOf({ records: [record], faults: [], cursor: String(this.lists) as Cursor });
  }

  async *watch(cursor: Cursor): AsyncGenerator<readonly StoreChange[], void, void> {
    assert.equal(cursor, String(this.lists));
    if (this.#round === undefined) throw new CursorLostError('that was before');
    assert.ok('batches' in this.#round);
    for (const batch of this.#round.batches) yield await Promise.resolve(batch);
    if (this.#round.then !== 'end') throw this.#round.then;
  }
}

interface FollowRecord {
  readonly updates: string[];
  readonly delays: number[];
  readonly outages: string[];
  readonly backs: number[];
  readonly lists: number;
  readonly error: unknown;
}

async function follow(rounds: readonly Round[], options: Partial<FollowOptions> = {}): Promise<FollowRecord> {
  const store = new ScriptedStore(rounds);
  const [updates, delays, outages, backs]: [string[], number[], string[], number[]] = [[], [], [], []];
  let now = 0;
  let since: number | undefined;
  let error: unknown;
  try {
    const following = followLeases(store as unknown as LeaseStore, {
      signal: new AbortController().signal,
      random: () => 1,
      now: () => now,
      delay: (ms) => {
        delays.push(ms);
        now += ms;
        return Promise.resolve();
      },
      outages: {
        failed: (failure, retryInMs) => {
          outages.push(`${failure.message} ${retryInMs}`);
          since ??= now;
        },
        answered: () => {
          if (since !== undefined) backs.push(now - since);
          since = undefined;
        },
      },
      ...options,
    });
    let listed = 0;
    for await (const update of following) {
      if (update.kind === 'begin') listed = 0;
      else if (update.kind === 'page') listed += update.records.length;
      else updates.push(summarise(update, listed));
    }
  } catch (thrown) {
    error = thrown;
  }
  return { updates, delays, outages, backs, lists: store.lists, error };
}

function summarise(update: Exclude<LeaseUpdate, { kind: 'begin' | 'page' }>, listed: number): string {
  return update.kind === 'end' ? `snapshot ${listed}` : `changes ${update.changes.length}`;
}

describe('following a store', () => {
  test('gives a snapshot, then changes as they come, and ends with the store', async () => {
    const seen = await follow([{ batches: [[put], [put, put]], then: 'end' }]);
    assert.deepEqual(seen.updates, ['snapshot 1', 'changes 1', 'changes 2']);
    assert.deepEqual([seen.delays, seen.outages, seen.error], [[], [], undefined]);
  });

  test('goes on with the pages of a list that begins again, and then lists again after an outage', async () => {
    const page = { kind: 'page', records: [record], faults: [] } as const;
    const end = { kind: 'end', cursor: '1' as Cursor } as const;
    const lists: (readonly (ListPart | Error)[])[] = [
      [{ kind: 'begin' }, page, { kind: 'begin' }, page, page, outage],
      [{ kind: 'begin' }, page, end],
    ];
    const store = {
      async *listPages(): AsyncGenerator<ListPart, void, void> {
        for (const part of lists.shift() ?? []) {
          if (part instanceof Error) throw part;
          yield await Promise.resolve(part);
        }
      },
      async *watch(): AsyncGenerator<readonly StoreChange[], void, void> {
        yield await Promise.resolve([put]);
      },
    };
    const seen: string[] = [];
    const options = { signal: new AbortController().signal, delay: () => Promise.resolve() };
    for await (const { kind } of followLeases(store as unknown as LeaseStore, options)) seen.push(kind);
    assert.deepEqual(seen, [
      ...['begin', 'page', 'begin', 'page', 'page'],
      ...['begin', 'page', 'end', 'changes'],
    ]);
  });

  test('lists again at once when the cursor is lost', async () => {
    const lost = new CursorLostError('compacted');
    const seen = await follow([
      { batches: [[put]], then: lost },
      { batches: [[put]], then: lost },
    ]);
    assert.deepEqual(seen.updates, ['snapshot 1', 'changes 1', 'snapshot 1', 'changes 1', 'snapshot 1']);
    assert.deepEqual([seen.delays, seen.outages], [[], []]);
  });

  test('does not turn in circles when the cursor is lost again and again', async () => {
    const lost = { batches: [], then: new CursorLostError('compacted') };
    const seen = await follow([lost, lost, lost, lost]);
    assert.equal(seen.lists, 5);
    assert.deepEqual(seen.delays, [400, 800, 1600]);
    assert.deepEqual(seen.outages, []);
  });

  test('waits longer and longer while the store is away, and says so, and when it is back', async () => {
    const away = Array.from({ length: 10 }, () => ({ list: outage }));
    const seen = await follow([...away, { batches: [[put]], then: outage }, { list: outage }]);
    const first = [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000];
    assert.deepEqual(seen.delays, [...first, 200, 400]);
    assert.deepEqual(
      seen.outages,
      seen.delays.map((delay) => `nobody answers ${delay}`),
    );
    assert.deepEqual(seen.updates, ['snapshot 1', 'changes 1', 'snapshot 1']);
    assert.deepEqual(seen.backs, [first.reduce((sum, delay) => sum + delay), 600]);
  });

  test('a store that lists but cannot be watched is not well yet', async () => {
    const halfWell = { batches: [], then: outage };
    const seen = await follow([halfWell, halfWell, halfWell]);
    assert.deepEqual(seen.delays, [200, 400, 800]);
    assert.equal(seen.updates.length, 4);
  });

  test('throws an error that waiting does not cure', async () => {
    const broken = new StoreError('permission denied', { retryable: false });
    assert.equal((await follow([{ list: broken }])).error, broken);
    assert.equal((await follow([{ batches: [[put]], then: broken }])).error, broken);
    const defect = new TypeError('a defect');
    assert.equal((await follow([{ list: defect }])).error, defect);
  });

  test('ends when its signal is aborted during the wait, and waits no longer', async () => {
    const controller = new AbortController();
    const seen = await follow([{ list: outage }], {
      signal: controller.signal,
      delay: (_, signal) => {
        assert.equal(signal, controller.signal);
        controller.abort();
        return Promise.resolve();
      },
    });
    assert.deepEqual([seen.lists, seen.error], [1, undefined]);

    const own = new AbortController();
    const waiting = follow([{ list: outage }], {
      signal: own.signal,
      outages: { failed: () => own.abort(), answered: () => undefined },
      delay: undefined as never,
    });
    assert.equal((await waiting).lists, 1);
  });

  test('does nothing when its signal is aborted before', async () => {
    assert.equal((await follow([], { signal: AbortSignal.abort() })).lists, 0);
  });
});

test('a delay grows with failures, is never more than 10 s, and is spread over its upper half', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, random) => {
        const delay = retryDelay(n, random, retries.store);
        assert.ok(delay >= 100 && delay <= 10_000);
        assert.ok(delay >= retryDelay(n, 0, retries.store) && delay <= retryDelay(n, 1, retries.store));
        assert.ok(retryDelay(n + 1, random, retries.store) >= delay);
      },
    ),
  );
});
