import { Failure } from '../../diagnostic/failure.ts';
import { findNetworkNamespace, isElsewhere } from '../../host/network-namespace.ts';
import { downCommand } from '../../host/state/down-command.ts';
import type { Deployment } from '../network/deployment.ts';

/** Another network namespace that holds a network, ready to be shown. Commands that run here do not find that network. */
export interface OtherNamespace {
  /** The namespace's name, for example `net:[4026532177]` */
  readonly name: string;
  /** The words that run a command there; undefined if no process in it is visible from here: the namespace may be gone, or not. */
  readonly enter: string | undefined;
}

/** The network namespace of a network; undefined if it is the namespace of this process. */
export async function findOtherNamespace({
  networkNamespace,
}: Deployment): Promise<OtherNamespace | undefined> {
  if (networkNamespace === undefined || !isElsewhere(networkNamespace)) return undefined;
  const path = await findNetworkNamespace(networkNamespace);
  return { name: networkNamespace.name, enter: path && `nsenter --net=${path}` };
}

/** Throws a Failure if a network that is to be taken down is in another network namespace. */
export async function requireNamespace(deployment: Deployment, stateDirectory: string): Promise<void> {
  const other = await findOtherNamespace(deployment);
  if (other === undefined) return;
  const { file } = deployment.recipe;
  throw new Failure(
    'state-directory',
    `the network of ${file} was brought up in another network namespace (${other.name}) and cannot be taken down from this one`,
    {
      hint:
        other.enter === undefined
          ? `run it in that namespace with nsenter --net=PATH or ip netns exec NAME; if the namespace is gone, run ${downCommand(stateDirectory, '--forget')}`
          : `run it there: ${other.enter} ${downCommand(stateDirectory)}`,
    },
  );
}
