import { ProgramError, runProgram } from './run-program.ts';

/** The assignments of a notification for systemd, by sd_notify(3). */
interface ServiceNotice {
  readonly state?: 'ready' | 'stopping';
  /** One line for `systemctl status`. */
  readonly status?: string;
  /** Whether the notice says that the daemon is alive. */
  readonly isAlive?: boolean;
}

/** The time that a notice may take, in milliseconds: a signal must end the daemon soon, even if nobody reads the socket. */
const longestNoticeMs = 2000;
const longestGoodbyeMs = 300;

/** The longest text of a status, in characters. A notice has few kilobytes. */
const longestStatus = 500;

/**
 * A service manager that asks for notices: systemd, or a supervisor with the same protocol. Node has no datagram sockets of the unix kind,
 * so systemd-notify(1) sends each notice. As root, it sends in the name of its parent process, the daemon; otherwise in its own.
 */
export class ServiceManager {
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** The service manager that `NOTIFY_SOCKET` names, by its path or, after an `@`, its abstract name; undefined without one. */
  static of(environment: NodeJS.ProcessEnv): ServiceManager | undefined {
    const socket = environment['NOTIFY_SOCKET'] ?? '';
    return socket === '' ? undefined : new ServiceManager(environment);
  }

  /** The interval of systemd's watchdog for the process `pid` in milliseconds; undefined if it does not watch that process. */
  watchdogMs(pid: number): number | undefined {
    const { WATCHDOG_USEC: interval = '', WATCHDOG_PID: watched } = this.#environment;
    if (!/^[1-9]\d{0,15}$/.test(interval)) return undefined;
    if (watched !== undefined && watched !== String(pid)) return undefined;
    return Number(interval) / 1000;
  }

  /** Sends a notice. Returns the reason if it could not be sent, as a sentence without its end. Never throws. */
  async send({ state, status, isAlive = false }: ServiceNotice): Promise<string | undefined> {
    const assignments = [
      ...(state === undefined ? [] : [state === 'ready' ? 'READY=1' : 'STOPPING=1']),
      ...(isAlive ? ['WATCHDOG=1'] : []),
      ...(status === undefined ? [] : [`STATUS=${shorten(status)}`]),
    ];
    if (assignments.length === 0) return undefined;
    const timeoutMs = state === 'stopping' ? longestGoodbyeMs : longestNoticeMs;
    try {
      const env = { ...process.env, NOTIFY_SOCKET: this.#environment['NOTIFY_SOCKET'] };
      await runProgram('systemd-notify', assignments, { env, timeoutMs });
      return undefined;
    } catch (error) {
      // systemd-notify sends first, and then waits until the notice was read. Some supervisors never confirm that.
      if (error instanceof ProgramError && error.fault === 'timed-out') return undefined;
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** One line: a line break would begin another assignment. */
function shorten(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= longestStatus ? line : `${line.slice(0, longestStatus - 1)}…`;
}
