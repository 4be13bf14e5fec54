import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../../diagnostic/failure.ts';
import { addressesOf, type HostPlan } from '../../plan/topology.ts';
import type { HostStatus, LinkState } from '../../protocol.ts';
import type { LabTrouble } from '../../report/report.ts';
import type { Holder } from '../node/holder.ts';
import { describeProgram, type RunningProgram } from '../running-program.ts';

/** The reason why a server does not work, with the last lines of its output. `name` is its name in messages. */
export function describeServer(
  name: string,
  { state, lastLines }: RunningProgram,
  otherwise: string,
): LabTrouble {
  const how = state.kind === 'ended' ? `its server ${state.how}` : otherwise;
  const detail = lastLines.length === 0 ? {} : { detail: lastLines.join('\n') };
  return { node: name, kind: 'lab-failed', message: `${name}: ${how}`, ...detail };
}

/** The status of the host that runs the store's server. */
export function serverStatus(
  plan: HostPlan,
  { pid: holderPid }: Holder,
  link: LinkState,
  program: RunningProgram,
): HostStatus {
  return {
    name: plan.name,
    publicIp: plan.ipv4.address,
    addresses: addressesOf(plan),
    link,
    holderPid,
    ...describeProgram(program),
  };
}

/** The way in which {@link awaitServer} waits. Times are in milliseconds. */
interface ServerWait {
  /** The name of the server in messages. */
  readonly name: string;
  /** Asks the server whether it serves. Never rejects. */
  readonly isReady: () => Promise<boolean>;
  readonly askEveryMs: number;
  readonly timeoutMs: number;
}

/** Waits until a server that was started serves. Throws a {@link Failure} with the end of its output if it ends, or takes too long. */
export async function awaitServer(
  running: RunningProgram,
  { name, isReady, askEveryMs, timeoutMs }: ServerWait,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isReady())) {
    if (running.state.kind !== 'starting' || performance.now() >= deadline) {
      const within = `its server was not ready within ${Math.round(timeoutMs / 1000)} s`;
      const { kind, message, detail } = describeServer(name, running, within);
      throw new Failure(kind, message, { detail });
    }
    await delay(askEveryMs);
  }
  running.becomeReady();
}
