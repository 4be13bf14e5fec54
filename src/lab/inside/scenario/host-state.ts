import { nodeStateDirectory } from '../../protocol.ts';
import type { Lab } from '../lab.ts';
import { runInPlace } from './run-in-place.ts';

/** The state of a host's program: `ended`, or the state that `heddle status` shows, with its reason as a clause. */
interface HostState {
  readonly state: string;
  readonly why: string | undefined;
}

/** Finds out the state of a node's daemon, or of the store's server. */
export async function stateOfHost(lab: Lab, name: string): Promise<HostState> {
  const { running } = lab.target(name);
  if (running.state.kind === 'ended') return { state: 'ended', why: `it ${running.state.how}` };
  if (lab.store.server?.plan.name === name)
    return { state: running.state.kind === 'ready' ? 'running' : running.state.kind, why: undefined };
  // flanneld does not say more about itself.
  const runsFlanneld = lab.nodes.some(({ plan, daemon }) => plan.name === name && daemon.kind === 'flanneld');
  return runsFlanneld ? { state: 'running', why: undefined } : readStatus(lab, name);
}

async function readStatus(lab: Lab, name: string): Promise<HostState> {
  // The exit code tells the state as well.
  const text = await runInPlace(lab, name, `heddle status --json --state-dir ${nodeStateDirectory} || true`);
  try {
    const { state, because } = JSON.parse(text) as {
      readonly state: string;
      readonly because?: string | null;
    };
    return { state, why: because ?? undefined };
  } catch {
    return { state: 'not answering', why: undefined };
  }
}
