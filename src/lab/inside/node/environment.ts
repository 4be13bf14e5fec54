import type { LabStore } from '../../plan/lab-store.ts';
import { programPath } from '../../process/program-path.ts';
import { nodePrograms, nodeStateDirectory } from '../../protocol.ts';

/** Settings of the person who started the lab that would change what its nodes do. */
const notForNodes = /^(?:FLANNELD_|HEDDLE_|ETCD_|ETCDCTL_|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_|NODE_NAME$)/;

/** The environment of a node's daemon, of the store's server, and of what `lab exec` runs there. */
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
