import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasErrorCode } from '../../src/host/system-error.ts';
import type { Host } from '../kernel/harness/host.ts';
import { until } from '../support/until.ts';

/** A program that runs on a host. */
export interface HostProgram {
  /** As this process numbers it. */
  readonly pid: number;
  /** Its exit code; 128 and the signal's number if a signal ended it. */
  readonly ended: Promise<number | undefined>;
}

/** Longer than any soak. */
const longestLifeSeconds = 48 * 3600;

/** Starts a program on a host. Its output goes to the end of a file. */
export async function startOn(
  host: Host,
  command: readonly string[],
  logFile: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<HostProgram> {
  const child = host.start(['/bin/sh', '-c', 'exec "$@" >>"$0" 2>&1', logFile, ...command], {
    environment,
    seconds: longestLifeSeconds,
  });
  const state = { isOver: false };
  const ended = child.then(({ exitCode }) => {
    state.isOver = true;
    return exitCode;
  });
  // nsenter's child is timeout, and the child of timeout is the program.
  const pid = await until(`${command.join(' ')} to start`, () => {
    if (state.isOver) throw new Error(`${command.join(' ')} ended at once`);
    const timeout = child.pid === undefined ? undefined : childOf(child.pid);
    return timeout === undefined ? undefined : childOf(timeout);
  });
  return { pid, ended };
}

function childOf(pid: number): number | undefined {
  const children = unlessGone(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  const [child] = children?.split(' ').filter(Boolean) ?? [];
  return child === undefined ? undefined : Number(child);
}

/** A network namespace, as /proc names it. */
export function namespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}

/** The processes in a network namespace: `PID COMMAND`. */
export function processesOn(namespace: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const words = unlessGone(() =>
        readlinkSync(`/proc/${pid}/ns/net`) === namespace
          ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
          : undefined,
      );
      return words === undefined ? [] : [`${pid} ${words}`];
    });
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ESRCH', 'EACCES')) return undefined;
    throw error;
  }
}

/** Sends a signal. A process that has ended meanwhile is left alone. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasErrorCode(error, 'ESRCH')) throw error;
  }
}
