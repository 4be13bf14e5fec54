import type { LabTrouble } from '../../report/report.ts';
import { nodeStateDirectory } from '../../protocol.ts';
import { stopProgram } from '../faults.ts';
import { describeFailure, type Lab } from '../lab.ts';
import { findAllLeftovers } from '../leftovers.ts';
import type { LabNode } from '../node/node.ts';
import { runHeddleIn } from '../node/run-heddle.ts';

/** Takes every network of a lab down, also that of a node whose daemon has ended, and looks for what is left behind. */
export async function endNodes(
  lab: Lab,
  leavesNetwork: boolean,
): Promise<{ readonly troubles: readonly LabTrouble[]; readonly traces: readonly string[] }> {
  const troubles = await Promise.all(lab.nodes.map((node) => endNode(lab, node, leavesNetwork)));
  // A limit that a step left is not a trace of a daemon.
  await lab.links.restore();
  return { troubles: troubles.flat(), traces: await findAllLeftovers(lab.nodes) };
}

async function endNode(lab: Lab, node: LabNode, leavesNetwork: boolean): Promise<readonly LabTrouble[]> {
  const isRunning = node.daemon.state.kind !== 'ended';
  const trouble = isRunning ? await stopProgram(lab.changes, node) : undefined;
  const troubles = trouble === undefined ? [] : [trouble];
  // A daemon that was killed, or that leaves its network, has not taken it down.
  if (node.daemon.kind === 'heddle' && (!isRunning || leavesNetwork)) {
    try {
      await runHeddleIn(node, lab.spec, ['down', '--state-dir', nodeStateDirectory]);
    } catch (error) {
      const { message, ...rest } = describeFailure(error);
      troubles.push({ node: node.plan.name, message: `${node.plan.name}: ${message}`, ...rest });
    }
  }
  await node.disconnect();
  return troubles;
}
