import type { LabEvent } from '../protocol.ts';
import type { LabReport, LabTrouble, PairReport } from '../report/report.ts';
import type { Lab } from './lab.ts';
import { findAllLeftovers } from './leftovers.ts';
import { probeMatrix } from './probe/matrix.ts';
import { PodAgent } from './probe/pod-agent.ts';
import { stopProgram } from './faults.ts';

/** Runs `lab run` after the start of the daemons: waits until they are ready, probes, stops them, and compares. */
export async function proveLab(lab: Lab, tell: (event: LabEvent) => void): Promise<void> {
  const agents = startAgents(lab);
  const troubles = [...(await lab.becomeReady(tell))];
  const acquainted = troubles.length === 0 && (await lab.becomeAcquainted());
  const readyMs = acquainted ? lab.age : null;
  if (readyMs !== null) tell({ event: 'overlay-ready', readyMs });
  else await lab.askForWaits();

  const pairs = await probeMatrix(lab.nodes, agents, lab, (pair) => tell({ event: 'pair-probed', pair }));
  const nodes = lab.reports();
  await lab.showTested(tell, { pairs, steps: [] });
  for (const agent of agents.values()) agent.close();

  const seen = [
    ...(acquainted || troubles.length > 0 ? [] : explainStrangers(lab, pairs)),
    // A pair that could not be probed failed because of a node, and that node's failure is reported already.
    ...pairs.filter(({ ok, paths }) => !ok && paths.length > 0).map(explainPair),
  ];
  const hasFailed = troubles.length > 0 || seen.length > 0;
  const { traces, ends } =
    lab.spec.keepsFailed && hasFailed ? { traces: [], ends: [] } : await end(lab, tell);
  troubles.push(...ends);
  const [leftovers, kept] = lab.spec.recipe.shutsDown ? [traces, []] : [[], traces];

  const reasons = [
    ...troubles.map(({ message }) => message),
    ...seen,
    ...leftovers.map((trace) => `left behind after the daemon stopped: ${trace}`),
  ];
  const report: LabReport = {
    recipe: lab.spec.recipe.name,
    passed: reasons.length === 0,
    readyMs,
    nodes,
    pairs,
    leftovers,
    kept,
    reasons,
  };
  tell({ event: 'report', report, troubles });
}

/** Stops every daemon, and looks for leftovers. */
async function end(
  lab: Lab,
  tell: (event: LabEvent) => void,
): Promise<{ readonly ends: readonly LabTrouble[]; readonly traces: readonly string[] }> {
  tell({ event: 'stopping' });
  const ends = await stopAll(lab);
  await lab.links.restore();
  const traces = await findAllLeftovers(lab.nodes);
  return { ends, traces };
}

/**
 * Starts the agents of the pods, with the daemons, so that they run when the first pod is connected. A lab of one node has no pods to
 * probe.
 */
export function startAgents(lab: Lab): ReadonlyMap<string, PodAgent> {
  if (lab.nodes.length < 2) return new Map();
  return new Map(lab.nodes.map(({ plan }) => [plan.name, new PodAgent(plan)]));
}

async function stopAll(lab: Lab): Promise<readonly LabTrouble[]> {
  const troubles = await Promise.all(
    lab.nodes.map(async (node) => {
      const alive = node.daemon.state.kind !== 'ended';
      const trouble = alive ? await stopProgram(lab.changes, node) : undefined;
      await node.disconnect();
      return trouble;
    }),
  );
  return troubles.filter((trouble) => trouble !== undefined);
}

/** Describes nodes that never reported that they know each other. Failed pairs have their own reasons. */
function explainStrangers(lab: Lab, pairs: readonly PairReport[]): readonly string[] {
  return lab.nodes.flatMap((from) =>
    lab.nodes
      .filter((to) => to !== from && !from.knows(to))
      .filter((to) =>
        pairs.some(({ ok, ...pair }) => ok && pair.from === from.plan.name && pair.to === to.plan.name),
      )
      .map((to) => {
        const within = `within ${lab.spec.timeoutMs / 1000} s, though their pods reach each other`;
        const why = from.failureWith(to)?.why;
        return `${from.plan.name} did not finish adding ${to.plan.name} ${within}${why === undefined ? '' : `: ${why}`}`;
      }),
  );
}

/** The reason why a pair failed, as a clause. */
export function explainPair({ from, to, reason }: PairReport): string {
  return `the pod of ${from} does not reach the pod of ${to}: ${reason ?? 'the reason is not known'}`;
}
