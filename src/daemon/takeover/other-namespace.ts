import { Failure } from '../../diagnostic/failure.ts';
import { findNetworkNamespace, isElsewhere } from '../../host/network-namespace.ts';
import type { Deployment } from '../network/deployment.ts';

/** Where a network is that no command run here would find, ready to be shown. */
export interface OtherNamespace {
  /** `net:[4026532177]` */
  readonly name: string;
  /** The words that run a command there; undefined if nothing is seen of it from here: it may be gone, or not. */
  readonly enter: string | undefined;
}

/** The network namespace that a network was brought up in, if it is another than this process's. */
export async function findOtherNamespace({
  networkNamespace,
}: Deployment): Promise<OtherNamespace | undefined> {
  if (networkNamespace === undefined || !isElsewhere(networkNamespace)) return undefined;
  const path = await findNetworkNamespace(networkNamespace);
  return { name: networkNamespace.name, enter: path && `nsenter --net=${path}` };
}

/** For a network that is to be taken down: refuses, with a Failure, to do it where there is nothing of it. */
export async function requireNamespace(deployment: Deployment, stateDirectory: string): Promise<void> {
  const other = await findOtherNamespace(deployment);
  if (other === undefined) return;
  const { file } = deployment.recipe;
  const down = `heddle down --state-dir ${stateDirectory}`;
  throw new Failure(
    'state-directory',
    `the network of ${file} was brought up in another network namespace (${other.name}) and cannot be taken down from this one`,
    {
      hint:
        other.enter === undefined
          ? `run it in that namespace with nsenter --net=PATH or ip netns exec NAME; if the namespace is gone, run ${down} --forget`
          : `run it there: ${other.enter} ${down}`,
    },
  );
}
