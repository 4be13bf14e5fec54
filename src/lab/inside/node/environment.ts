import type { LabStore } from '../../plan/lab-store.ts';
import { programPath } from '../../process/program-path.ts';
import { nodePrograms, nodeStateDirectory } from '../../protocol.ts';

/** The variables of the user who started the lab that would change the work of its nodes. */
const notForNodes =
  /^(?:FLANNELD_|HEDDLE_|ETCD_|ETCDCTL_|KUBERNETES_|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_|NODE_NAME$)/;

/** The environment of a node's daemon, of the store's server, and of commands that `lab exec` runs. */
export function nodeEnvironment(
  node: string,
  base: Readonly<Record<string, string | undefined>>,
  store: LabStore,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !notForNodes.test(name)) environment[name] = value;
  }
  return {
    ...environment,
    PATH: `${nodePrograms}:${programPath(environment['PATH'])}`,
    NODE_NAME: node,
    HEDDLE_STATE_DIR: nodeStateDirectory,
    ...store.variables,
  };
}
