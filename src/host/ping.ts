import { Failure } from '../diagnostic/failure.ts';
import { ProgramError, runProgram } from './run-program.ts';
import { hasErrorCode } from './system-error.ts';

/** The time that an answer may take, in seconds. */
const answerSeconds = 1;

/** The longest run of ping, in milliseconds. ping itself ends earlier, after the answer or the wait for it. */
const longestRunMs = (answerSeconds + 2) * 1000;

/**
 * Sends one ICMP echo to an address. Returns whether it was answered. Throws a {@link Failure} if ping is missing or may not send.
 *
 * This runs ping(8), since Node cannot open an ICMP socket. A UDP datagram to a closed port would need no program, but the kernel limits its
 * refusals to one a second for each source, and firewalls often drop them.
 *
 * @param options further options of ping
 */
export async function sendPing(address: string, options: readonly string[] = []): Promise<boolean> {
  try {
    const words = ['-n', '-q', '-c', '1', '-W', String(answerSeconds), ...options, address];
    await runProgram('ping', words, { timeoutMs: longestRunMs });
    return true;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const message = `peers cannot be probed: ${error.message}`;
    if (lacksRights(error)) {
      const hint = 'give heddle the capability CAP_NET_RAW (in a container of Kubernetes: NET_RAW)';
      throw new Failure('privilege', message, { hint, cause: error });
    }
    if (error.fault === 'missing' || error.fault === 'unstartable') {
      const hint = 'install it: apt-get install iputils-ping';
      throw new Failure('prerequisite', message, { hint, cause: error });
    }
    return false;
  }
}

/** Whether ping may not open its socket. A firewall that drops the packet may have the same words for `sendmsg`. */
function lacksRights({ cause, stderr }: ProgramError): boolean {
  // The kernel does not even start a ping with file capabilities in a container that may not have them.
  if (hasErrorCode(cause, 'EPERM')) return true;
  return /not permitted|permission denied/i.test(stderr) && !stderr.includes('sendmsg');
}
