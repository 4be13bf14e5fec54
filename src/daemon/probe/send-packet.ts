import { Failure } from '../../diagnostic/failure.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';

/** The time that an answer may take, in seconds. */
const answerSeconds = 1;

/** The longest run of ping, in milliseconds. ping itself ends earlier, after the answer or the wait for it. */
const longestRunMs = (answerSeconds + 2) * 1000;

/**
 * Sends one ICMP echo to an address. Returns whether it was answered. Throws a {@link Failure} if ping is missing or may
 * not send.
 *
 * This runs ping(8), since Node cannot open an ICMP socket. A UDP datagram to a closed port would need no program, but the
 * kernel limits its refusals to one a second for each source, and firewalls often drop them.
 */
export async function sendPacket(address: string): Promise<boolean> {
  try {
    await runProgram('ping', ['-n', '-q', '-c', '1', '-W', String(answerSeconds), address], {
      timeoutMs: longestRunMs,
    });
    return true;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    if (error.fault === 'missing' || error.fault === 'unstartable') {
      throw new Failure('prerequisite', `peers cannot be probed: ${error.message}`, {
        hint: 'install it: apt-get install iputils-ping',
        cause: error,
      });
    }
    if (/not permitted|permission denied/i.test(error.stderr)) {
      throw new Failure('privilege', `peers cannot be probed: ${error.message}`, {
        hint: 'give the daemon the capability CAP_NET_RAW',
        cause: error,
      });
    }
    return false;
  }
}
