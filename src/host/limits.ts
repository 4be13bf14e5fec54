import { readFileSync } from 'node:fs';

/** The hint for a process that reached a limit. */
export const limitHint =
  'raise the limit, or end what uses it up; heddle needs about 100 open files and 40 processes and threads, more with a larger Concurrency';

/**
 * The limit that a system error means, as a clause: `the limit of 40 open files is reached (LimitNOFILE= of a systemd unit, or ulimit -n)`.
 * Undefined for any other error.
 */
export function describeReachedLimit(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // The cause of execa's error is the system error.
  const ofCause = describeReachedLimit(error.cause);
  if (ofCause !== undefined) return ofCause;
  const code = 'code' in error ? error.code : undefined;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : '';
  if (code === 'EMFILE')
    return `the limit of ${number(openFiles)}open files is reached (LimitNOFILE= of a systemd unit, or ulimit -n)`;
  if (code === 'ENFILE')
    return 'the limit of open files of the whole machine is reached (sysctl fs.file-max)';
  // From other calls, EAGAIN means that there is nothing to read yet.
  if (code === 'EAGAIN' && syscall.startsWith('spawn'))
    return `the limit of ${number(processes())}processes is reached (TasksMax= of a systemd unit, pids.max of a container, or ulimit -u)`;
  return undefined;
}

/** The limit of open files, read at the start: with all descriptors in use, no file can be opened. */
const openFiles = softLimit('Max open files');

function number(limit: string | undefined): string {
  return limit === undefined ? '' : `${limit} `;
}

function softLimit(name: string): string | undefined {
  return new RegExp(`^${name} +(\\d+)`, 'm').exec(read('/proc/self/limits'))?.[1];
}

/** The limit of processes in this process's control group, which has its own hierarchy in version 1. */
function processes(): string | undefined {
  const groups = read('/proc/self/cgroup');
  const own = /^\d+:pids:(.*)$/m.exec(groups)?.[1];
  const unified = /^0::(.*)$/m.exec(groups)?.[1];
  const files = [`/sys/fs/cgroup/pids${own ?? ''}/pids.max`, `/sys/fs/cgroup${unified ?? ''}/pids.max`];
  return files.map((file) => read(file).trim()).find((text) => /^\d+$/.test(text));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
