import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveNetwork, NetworkPart } from '../../../src/daemon/network/parts/part.ts';
import { PartKeeper } from '../../../src/daemon/network/part-keeper.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';

/** A part whose state the test decides, and what was done to it. */
class FakePart implements NetworkPart {
  readonly name: string;
  readonly isFoundation: boolean;
  readonly did: string[] = [];
  state: 'whole' | 'broken' | 'beyond-repair' = 'whole';
  trouble: string | undefined;

  constructor(name: string, isFoundation = false) {
    this.name = name;
    this.isFoundation = isFoundation;
  }

  readonly remember = () => ({});
  readonly describe = () => ({ settings: `of ${this.name}`, trouble: this.trouble });

  readonly up = (): Promise<void> => {
    this.did.push('up');
    return this.state === 'whole' ? Promise.resolve() : Promise.reject(new Error('no room'));
  };

  readonly ensure: NetworkPart['ensure'] = (_network, _look, mayRepair) => {
    const trouble = { because: 'it is torn', detail: '' };
    if (this.state === 'whole') return Promise.resolve({ kind: 'whole' });
    if (!mayRepair(trouble)) return Promise.resolve({ kind: 'broken', trouble });
    this.did.push('repair');
    if (this.state === 'broken') this.state = 'whole';
    return Promise.resolve({ kind: 'repaired' });
  };

  readonly down = () => Promise.resolve({ kind: 'gone' } as const);
  readonly forget = () => Promise.resolve();
}

function scene(...parts: FakePart[]) {
  const events: HeddleEvent[] = [];
  const keeper = new PartKeeper(
    parts,
    (event) => events.push(event),
    () => undefined,
  );
  const network = {} as LiveNetwork;
  const { signal } = new AbortController();
  const up: string[] = [];
  return {
    keeper,
    up,
    states: () => keeper.describe(network),
    begin: (stop: AbortSignal = signal) =>
      keeper.up(
        network,
        ({ name }) => {
          up.push(name);
          return Promise.resolve();
        },
        stop,
      ),
    ensure: () => keeper.ensure(network, signal),
    told: () => events.splice(0).map(({ event }) => event),
  };
}

test('parts come up in their order, and after a signal no other is begun', async () => {
  const [a, b, c] = [new FakePart('a', true), new FakePart('b'), new FakePart('c')];
  const { begin, up, keeper } = scene(a, b, c);
  assert.deepEqual(await begin(), { kind: 'up' });
  assert.deepEqual(up, ['a', 'b', 'c']);
  assert.equal(keeper.isWhole, true);

  const stopping = new AbortController();
  const other = scene(new FakePart('a'), new FakePart('b'));
  stopping.abort();
  await other.begin(stopping.signal);
  assert.deepEqual(other.up, []);
});

test('a foundation that fails ends the start; any other part that fails is broken, by name, and the rest comes up', async () => {
  const foundation = new FakePart('device', true);
  foundation.state = 'broken';
  const failed = await scene(foundation, new FakePart('peers')).begin();
  assert.equal(failed.kind, 'failed');

  const file = new FakePart('file');
  file.state = 'broken';
  const { begin, up, keeper, told } = scene(new FakePart('device', true), file, new FakePart('rules'));
  assert.deepEqual(await begin(), { kind: 'up' });
  assert.deepEqual(up, ['device', 'rules']);
  assert.deepEqual(keeper.broken, [{ part: 'file', because: 'no room' }]);
  assert.ok((keeper.retryInMs ?? 0) > 0);
  assert.deepEqual(told(), ['part-failed']);
});

test('each part is described by its state, its settings and its reason', async () => {
  const [device, rules, peers, file] = ['device', 'rules', 'peers', 'file'].map((name) => new FakePart(name));
  assert.ok(device && rules && peers && file);
  const { begin, ensure, states } = scene(device, rules, peers, file);
  assert.deepEqual(
    states().map(({ part, state }) => `${part} ${state}`),
    ['device absent', 'rules absent', 'peers absent', 'file absent'],
  );
  device.state = 'broken';
  rules.state = 'beyond-repair';
  peers.trouble = '1 peer failing';
  await begin();
  device.state = 'whole';
  assert.equal(await ensure(), false);
  const shown = states();
  assert.deepEqual(
    shown.map(({ state, settings, because, failures }) => [state, settings, because, failures]),
    [
      ['whole', 'of device', undefined, 0],
      ['broken', 'of rules', 'no room', 1],
      ['broken', 'of peers', '1 peer failing', 0],
      ['whole', 'of file', undefined, 0],
    ],
  );
  assert.deepEqual(
    shown.map(({ retryInMs }) => retryInMs !== undefined),
    [false, true, false, false],
  );
});

test('a part that is torn is told, repaired, looked at again at once, and told whole', async () => {
  const part = new FakePart('device', true);
  const { begin, ensure, told, keeper } = scene(part);
  await begin();
  part.state = 'broken';
  assert.equal(await ensure(), true);
  assert.deepEqual(told(), ['part-broken']);
  assert.equal(await ensure(), false);
  assert.deepEqual(told(), ['part-restored']);
  assert.deepEqual(keeper.broken, []);
});

test('a repair that does not help makes the part broken, and is not tried again before its time', async () => {
  const part = new FakePart('device', true);
  const { begin, ensure, told, keeper } = scene(part);
  await begin();
  part.state = 'beyond-repair';
  assert.equal(await ensure(), true);
  assert.equal(await ensure(), false);
  assert.deepEqual(told(), ['part-broken', 'part-failed']);
  assert.deepEqual(keeper.broken, [{ part: 'device', because: 'it is torn' }]);
  for (let looks = 0; looks < 5; looks += 1) await ensure();
  assert.deepEqual(told(), []);
  assert.deepEqual(part.did, ['up', 'repair']);
  // Somebody else repaired it.
  part.state = 'whole';
  await ensure();
  assert.deepEqual(told(), ['part-restored']);
});

test('a part that fails again and again is told once for each cause, with a count when it is whole', async (t) => {
  t.mock.method(performance, 'now', () => clock);
  let clock = 0;
  const part = new FakePart('file');
  part.state = 'broken';
  const { begin, ensure, told, keeper } = scene(part);
  await begin();
  assert.deepEqual(told(), ['part-failed']);
  part.state = 'beyond-repair';
  for (let tries = 0; tries < 20; tries += 1) {
    clock += 3_600_000;
    await ensure();
    await ensure();
  }
  assert.deepEqual(told(), ['part-broken', 'part-failed'], 'the cause changed once');
  assert.equal(keeper.describe({} as LiveNetwork)[0]?.failures, 21);
  part.state = 'whole';
  await ensure();
  assert.deepEqual(told(), ['part-restored']);
  part.state = 'beyond-repair';
  await ensure();
  assert.deepEqual(told(), ['part-broken'], 'it is new again');
});

test('the parts after one that was repaired are looked at in the next round, when it is whole', async () => {
  const [device, peers] = [new FakePart('device', true), new FakePart('peers')];
  const { begin, ensure } = scene(device, peers);
  await begin();
  [device.state, peers.state] = ['broken', 'broken'];
  await ensure();
  assert.deepEqual(peers.did, ['up']);
  await ensure();
  assert.deepEqual(peers.did, ['up', 'repair']);
});
