import { Failure } from '../diagnostic/failure.ts';
import { nameArgument } from './plan/request.ts';

/** Explains why tcpdump failed in a place of a lab, by its stderr and its status. */
export function explainTcpdump(
  stderr: string,
  status: number | undefined,
  { lab, place }: { readonly lab: string; readonly place: string },
): Failure {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const said = lines
    .filter(
      (line) => /^(?:tcpdump|timeout|setpriv): /.test(line) && !/verbose output|data link type/.test(line),
    )
    .at(-1)
    ?.replace(/^\S+: /, '');
  if (/failed to run command|failed to execute/i.test(stderr)) {
    return new Failure('prerequisite', `tcpdump cannot be started: ${said ?? 'no such file'}`, {
      hint: 'install it: apt install tcpdump',
    });
  }
  if (/syntax error|can't parse filter|illegal token|unknown host/i.test(stderr)) {
    return new Failure('usage', `tcpdump does not understand the filter: ${said ?? ''}`, {
      hint: 'see man pcap-filter; for example: udp port 8472',
    });
  }
  if (/no such device|device is not up/i.test(stderr)) {
    return new Failure('not-running', `tcpdump cannot capture in ${place}: ${said ?? ''}`, {
      hint: `heddle lab exec${nameArgument(lab)} ${place} -- ip link shows the devices; --interface any captures on all of them`,
    });
  }
  if (/couldn't change to/i.test(stderr)) {
    return new Failure('privilege', `tcpdump does not run in a lab without root: ${said ?? ''}`, {
      hint: 'tcpdump gives up its rights, which a user namespace does not allow; start the lab as root',
    });
  }
  const how = status === undefined ? 'was ended by a signal' : `exited with status ${status}`;
  return new Failure('lab-failed', `tcpdump in ${place} ${how}${said === undefined ? '' : `: ${said}`}`);
}
