import { readFile } from 'node:fs/promises';
import { Failure } from '../../../diagnostic/failure.ts';
import { parseSubnetEnvironment } from '../../../network/subnet-env.ts';
import { podBridgeCommands, podCommands, podRemovalCommands } from '../../plan/commands.ts';
import { planPodNetworks, type PodNetworks } from '../../plan/pod-networks.ts';
import type { NodePlan } from '../../plan/topology.ts';
import { nodeSubnetFile, runDirectoryOf } from '../../protocol.ts';
import { runIpBatch } from '../lab-program.ts';

/** Makes the objects that a CNI plugin would make from a node's subnet file: a bridge in the node, and a pod behind it. */
export async function connectPod(node: NodePlan, networks: PodNetworks): Promise<void> {
  await runIpBatch(node.name, podBridgeCommands(node, networks));
  await runIpBatch(node.pod, podCommands(networks));
}

/** Removes the bridge and the pod's interface. */
export async function disconnectPod(node: NodePlan): Promise<void> {
  await runIpBatch(node.name, podRemovalCommands());
}

/** Reads the networks of a node's pod from the subnet file that the node's daemon has written. Throws a {@link Failure}. */
export async function readPodNetworks(node: NodePlan): Promise<PodNetworks> {
  const path = runDirectoryOf(node.name) + nodeSubnetFile.slice('/run'.length);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `${node.name}'s daemon reported that it is ready, but did not write the subnet file ${nodeSubnetFile}`;
    throw new Failure('lab-failed', message, { hint: readLogs(node), cause });
  });
  const environment = parseSubnetEnvironment(text);
  if ('lacks' in environment) {
    const message = `the subnet file of ${node.name} does not have ${environment.lacks}`;
    throw new Failure('lab-failed', message, { hint: readLogs(node), detail: text });
  }
  return planPodNetworks(environment);
}

function readLogs({ name }: NodePlan): string {
  return `keep the lab with heddle lab run --keep-failed, and read heddle lab logs ${name}`;
}
