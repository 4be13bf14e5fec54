import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyedKernel, makeModelPeer, repeatableKernel, Simulation, touchyKernel } from './model.ts';
import type { ModelKernel, Trouble } from './model.ts';
import type { Operation } from '../../src/engine/operation.ts';
import type { Abilities } from '../../src/engine/state.ts';

/** One thing that happens to a node. */
type Happening =
  /** Nodes other than the subnet's usual one claim what another has already: its address, its key. */
  | { readonly do: 'put'; readonly subnet: number; readonly node: number; readonly version: number }
  | { readonly do: 'delete'; readonly subnet: number }
  | { readonly do: 'end'; readonly index: number; readonly trouble: Trouble }
  | { readonly do: 'end-batch'; readonly index: number; readonly trouble: Trouble }
  | { readonly do: 'hang' | 'act' | 'lag'; readonly index: number }
  | { readonly do: 'time-out'; readonly trouble: 'before' | 'after' }
  | { readonly do: 'due' }
  | { readonly do: 'check' }
  | { readonly do: 'look' }
  | { readonly do: 'tell' }
  | { readonly do: 'crash'; readonly effects: number }
  | { readonly do: 'restart' }
  | { readonly do: 'snapshot' }
  | { readonly do: 'page'; readonly from: number; readonly size: number }
  | { readonly do: 'tamper'; readonly subnet: number; readonly how: 'delete' | 'add' };

const node = fc.nat(4);

const slowness = fc.record({
  do: fc.constantFrom('hang' as const, 'act' as const, 'lag' as const),
  index: fc.nat(5),
});

const timeOut = fc.record({
  do: fc.constant('time-out' as const),
  trouble: fc.constantFrom('before' as const, 'after' as const),
});

const happening = (troubles: readonly Trouble[], subnet: fc.Arbitrary<number>): fc.Arbitrary<Happening> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('put' as const), subnet, node, version: fc.nat(2) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), subnet }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        index: fc.nat(5),
        trouble: fc.constantFrom<Trouble>(...troubles),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('end-batch' as const),
        index: fc.nat(20),
        trouble: fc.constantFrom<Trouble>(...troubles),
      }),
    },
    { weight: 3, arbitrary: slowness },
    { weight: 1, arbitrary: timeOut },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('due' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('check' as const, 'look' as const, 'tell' as const) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), effects: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('page' as const), from: fc.nat(5), size: fc.nat(5) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('tamper' as const),
        subnet,
        how: fc.constantFrom('delete' as const, 'add' as const),
      }),
    },
  );

/** A recipe with CheckCommand and without SubnetBatchCommand. */
const single: Abilities = { canRemove: true, repeatable: true, fitsBatch: undefined };

type Tampering = Extract<Happening, { do: 'tamper' }>;

function happen(simulation: Simulation, what: Happening, tamper: (what: Tampering) => void): void {
  switch (what.do) {
    case 'put':
      return simulation.put(makeModelPeer(what.subnet, what.node, what.version));
    case 'delete':
      return simulation.delete(`10.0.${what.subnet}.0-24`);
    case 'end':
      return simulation.end(what.index, what.trouble);
    case 'end-batch':
      return simulation.endBatch(what.index, what.trouble);
    case 'hang':
    case 'act':
    case 'lag':
      return simulation[what.do](what.index);
    case 'time-out':
      return simulation.timeOut(what.trouble);
    case 'due':
      return simulation.due();
    case 'check':
    case 'look':
    case 'tell':
      return simulation[what.do]();
    case 'crash':
      return simulation.crash(what.effects);
    case 'restart':
      return simulation.restart();
    case 'snapshot':
      return simulation.feed({ kind: 'snapshot', peers: [...simulation.wanted.values()] });
    case 'page': {
      const peers = [...simulation.wanted.values()].slice(what.from, what.from + what.size);
      return simulation.feed({ kind: 'page', peers });
    }
    case 'tamper':
      return tamper(what);
  }
}

const troubles: readonly Trouble[] = ['none', 'unbegun', 'before', 'after'];

function converges(
  troubles: readonly Trouble[],
  makeKernel: () => ModelKernel & { readonly entries?: Map<string, string> },
  abilities: Abilities,
  subnets = 5,
): void {
  fc.assert(
    fc.property(
      fc.array(happening(troubles, fc.nat(subnets - 1)), { maxLength: 12 * subnets }),
      (happenings) => {
        const kernel = makeKernel();
        const simulation = new Simulation(kernel, abilities);
        const tamper = ({ subnet, how }: Tampering): void => {
          if (how === 'delete') kernel.entries?.delete(`10.0.${subnet}.0/24`);
          else kernel.entries?.set(`10.0.${subnet + 100}.0/24`, 'a stranger');
        };
        for (const what of happenings) {
          const isCheck = what.do === 'check' || what.do === 'look' || what.do === 'tell';
          if (!isCheck || abilities.repeatable) happen(simulation, what, tamper);
        }
        simulation.settle();
        if (abilities.repeatable) {
          simulation.check();
          simulation.settle();
        }
        assert.deepEqual(kernel.dump(), simulation.wantedDump);
      },
    ),
    { numRuns: subnets > 5 ? 1000 : 3000 },
  );
}

test('a recipe with CheckCommand ends with exactly what is wanted, whatever fails, crashes or is tampered with', () => {
  converges(troubles, repeatableKernel, single);
});

test('a recipe with SubnetBatchCommand ends so as well, whatever line of a batch fails', () => {
  const abilities = {
    ...single,
    fitsBatch: (operation: Operation) => operation.peer.subnet !== '10.0.3.0/24',
  };
  converges(troubles, repeatableKernel, abilities, 24);
});

test("flannel's kind of recipe ends so as well with SubnetBatchCommand", () => {
  const abilities = { ...single, repeatable: false, fitsBatch: () => true };
  converges(troubles, touchyKernel, abilities, 24);
});

test("flannel's kind of recipe, whose add fails on what exists and remove on what does not, ends so as well", () => {
  converges(troubles, touchyKernel, { ...single, repeatable: false });
});

test('a peer that is unwanted after a remove of it failed, and before it was added again, is removed', () => {
  const kernel = touchyKernel();
  const simulation = new Simulation(kernel, { ...single, repeatable: false });
  simulation.put(makeModelPeer(0, 1, 0));
  simulation.settle();
  simulation.put(makeModelPeer(1, 1, 0));
  simulation.restart();
  simulation.end(0, 'before');
  simulation.delete('10.0.0.0-24');
  simulation.settle();
  assert.deepEqual(kernel.dump(), simulation.wantedDump);
});

/** Where a node goes, and in which order its two leases change; then what happens to the commands that run. */
interface Move {
  readonly node: number;
  readonly to: number;
  readonly order: boolean;
  readonly then: readonly Run[];
}

type Run = Extract<Happening, { do: 'end' | 'hang' | 'act' | 'lag' | 'time-out' | 'due' }>;

const run: fc.Arbitrary<Run> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      index: fc.nat(5),
      trouble: fc.constantFrom<Trouble>('none', 'after'),
    }),
  },
  { weight: 3, arbitrary: slowness },
  { weight: 1, arbitrary: timeOut },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('due' as const) }) },
);

for (const repeatable of [true, false]) {
  test(`a node that moves to another subnet keeps the peer that both leases share, whatever hangs meanwhile (${repeatable ? 'with' : 'without'} CheckCommand)`, () => {
    const move: fc.Arbitrary<Move> = fc.record({
      node: fc.nat(3),
      to: fc.nat(5),
      order: fc.boolean(),
      then: fc.array(run, { maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
        const simulation = new Simulation(keyedKernel(), { ...single, repeatable });
        const held = new Map<number, number>();
        for (const { node, to, order, then } of moves) {
          if ([...held.values()].includes(to)) continue;
          const from = held.get(node);
          const leave = (): void => {
            if (from !== undefined) simulation.delete(`10.0.${from}.0-24`);
          };
          if (order) leave();
          simulation.put(makeModelPeer(to, node, 0));
          if (!order) leave();
          held.set(node, to);
          for (const what of then) happen(simulation, what, () => undefined);
        }
        simulation.settle();
        assert.deepEqual(simulation.kernel.dump(), simulation.wantedDump);
      }),
      { numRuns: 3000 },
    );
  });
}

test('nodes that have moved when a list comes in pages keep the peer that two leases share', () => {
  /** The node of each subnet, in a list that comes in pages of these sizes, with what the commands do after each page. */
  const list = fc.record({
    nodes: fc.uniqueArray(fc.nat(5), { maxLength: 6 }),
    pages: fc.array(fc.record({ size: fc.nat(3), then: fc.array(run, { maxLength: 3 }) }), { maxLength: 4 }),
    isRestart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(list, { maxLength: 8 }), (lists) => {
      const simulation = new Simulation(keyedKernel(), single);
      for (const { nodes, pages, isRestart } of lists) {
        const peers = nodes.map((node, subnet) => makeModelPeer(subnet, node, 0));
        if (isRestart) simulation.restart();
        simulation.wanted.clear();
        for (const peer of peers) simulation.wanted.set(peer.key, peer);
        let at = 0;
        for (const { size, then } of pages) {
          simulation.feed({ kind: 'page', peers: peers.slice(at, (at += size)) });
          for (const what of then) happen(simulation, what, () => undefined);
        }
        simulation.feed({ kind: 'snapshot', peers });
      }
      simulation.settle();
      assert.deepEqual(simulation.kernel.dump(), simulation.wantedDump);
    }),
    { numRuns: 3000 },
  );
});

test('a peer of a page waits for the whole list if another key holds its address in the kernel', () => {
  const simulation = new Simulation(keyedKernel(), single);
  simulation.put(makeModelPeer(0, 1, 0));
  simulation.settle();
  simulation.log = [];
  simulation.feed({ kind: 'page', peers: [makeModelPeer(1, 1, 0), makeModelPeer(2, 2, 0)] });
  assert.deepEqual(
    simulation.running.map(({ kind, peer }) => `${kind} ${peer.key}`),
    ['add 10.0.2.0-24'],
  );
});
