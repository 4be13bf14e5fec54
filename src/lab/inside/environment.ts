import { programPath } from '../program-path.ts';
import { nodePrograms, nodeStateDirectory, nodeStoreDirectory } from '../protocol.ts';

/** Settings of the person who started the lab that would change what its nodes do. */
const notForNodes = /^(?:FLANNELD_|HEDDLE_|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_|NODE_NAME$)/;

/** The environment of a node's daemon, and of what `lab exec` runs there. */
export function nodeEnvironment(node: string, base: NodeJS.ProcessEnv): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !notForNodes.test(name)) environment[name] = value;
  }
  return {
    ...environment,
    PATH: `${nodePrograms}:${programPath(environment['PATH'])}`,
    NODE_NAME: node,
    HEDDLE_STORE_DIR: nodeStoreDirectory,
    HEDDLE_STATE_DIR: nodeStateDirectory,
  };
}
