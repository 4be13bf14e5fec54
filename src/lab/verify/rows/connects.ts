import { startAgents } from '../../inside/run-lab.ts';
import { probeMatrix } from '../../inside/probe/matrix.ts';
import type { Recipe } from '../../../recipe/recipe.ts';
import type { PairReport } from '../../report/report.ts';
import type { PromiseBench } from '../bench/bench.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

/** The time that the first echo of a pair may take, in milliseconds. */
const convergeMs = 8000;

const probed = new WeakMap<PromiseBench, Promise<readonly PairReport[]>>();

/** Probes every pair of pods of a bench, once. */
function probePairs(bench: PromiseBench): Promise<readonly PairReport[]> {
  const known = probed.get(bench);
  if (known !== undefined) return known;
  const pairs = probe(bench);
  probed.set(bench, pairs);
  return pairs;
}

async function probe({ lab }: PromiseBench): Promise<readonly PairReport[]> {
  const agents = startAgents(lab);
  try {
    return await probeMatrix(lab.nodes, agents, lab, () => undefined, convergeMs);
  } finally {
    for (const agent of agents.values()) agent.close();
  }
}

/** Whether a recipe's next hop is the peer itself, so that it needs all nodes on one segment. */
function needsOneSegment({ lab }: PromiseBench, reason: string): boolean {
  return lab.spec.topology.underlay !== 'switched' && reason.includes('so a route cannot use it as next hop');
}

/** Whether a recipe only gives its node a subnet: it has no command for a peer. */
export function connectsNobody({ commands }: Recipe): boolean {
  const { SubnetAddCommand, SubnetRemoveCommand, SubnetBatchCommand } = commands;
  return [SubnetAddCommand, SubnetRemoveCommand, SubnetBatchCommand].every((each) => each === undefined);
}

export const connects: PromiseRow = {
  id: 'connects',
  sentence: 'Every pod reaches every other pod, with ping and TCP, in each family',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    if (connectsNobody(bench.recipe)) {
      return {
        kind: 'expected',
        because: 'the recipe does not have a command for peers, so it connects nobody',
      };
    }
    const pairs = await probePairs(bench);
    const failed = pairs.find(
      ({ paths }) => paths.length === 0 || paths.some((path) => path.rttMs === null || path.tcp === false),
    );
    if (failed === undefined) return kept(`${pairs.length} pairs`);
    const reason = failed.reason ?? 'the reason is not known';
    if (needsOneSegment(bench, reason)) {
      return {
        kind: 'expected',
        because:
          'the recipe needs all nodes on one segment, because the next hop of its routes is the peer, which is behind a router here',
      };
    }
    return bench.blame(
      'SubnetAddCommand',
      `the pod of ${failed.from} does not reach the pod of ${failed.to}: ${reason}`,
    );
  },
};

export const mtu: PromiseRow = {
  id: 'mtu',
  sentence: 'A packet of the published MTU passes whole, and one more byte does not',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    const pairs = await probePairs(bench);
    const failed = pairs.find(({ ok }) => !ok);
    const published = bench.observed.networks?.mtu ?? 0;
    if (failed === undefined) return kept(`${published} bytes`);
    return bench.blame(
      'SubnetAddCommand',
      failed.reason ?? 'the reason is not known',
      bench.lineOfKey('Overhead'),
    );
  },
};
