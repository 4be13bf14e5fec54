import { readFile } from 'node:fs/promises';
import { Failure } from '../../../diagnostic/failure.ts';
import { podBridgeCommands, podCommands, podRemovalCommands } from '../../plan/commands.ts';
import { readPodNetworks, type SubnetFile } from '../../plan/subnet-file.ts';
import type { NodePlan } from '../../plan/topology.ts';
import { nodeSubnetFile, runDirectoryOf } from '../../protocol.ts';
import { runIpBatch } from '../lab-program.ts';

/** Makes what a CNI plugin would from a node's subnet file: a bridge in the node, and a pod behind it. */
export async function connectPod(node: NodePlan, file: SubnetFile): Promise<void> {
  await runIpBatch(node.name, podBridgeCommands(node, file));
  await runIpBatch(node.pod, podCommands(file));
}

/** Takes the bridge and the pod's interface away again. */
export async function disconnectPod(node: NodePlan): Promise<void> {
  await runIpBatch(node.name, podRemovalCommands());
}

/** Reads the subnet file that a node's daemon has written. */
export async function readNodeSubnetFile(node: NodePlan): Promise<SubnetFile> {
  const path = runDirectoryOf(node.name) + nodeSubnetFile.slice('/run'.length);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `${node.name}'s daemon said it is ready, but wrote no subnet file at ${nodeSubnetFile}`;
    throw new Failure('lab-failed', message, { cause });
  });
  const file = readPodNetworks(text);
  if ('lacks' in file) {
    const message = `the subnet file of ${node.name} lacks ${file.lacks}`;
    throw new Failure('lab-failed', message, { detail: text });
  }
  return file;
}
