import { readFileSync } from 'node:fs';

/** The hint for a process that ran into a limit. */
export const limitHint =
  'raise the limit, or end what uses it up; heddle needs about 100 open files and 40 processes and threads, more with a larger Concurrency';

/**
 * The limit that an error of the system means, as a clause: `the limit of 40 open files is reached (LimitNOFILE= of a systemd unit, or
 * ulimit -n)`. Undefined for an error of another kind.
 */
export function describeReachedLimit(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? error.code : undefined;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : '';
  if (code === 'EMFILE')
    return `the limit of ${number(openFiles)}open files is reached (LimitNOFILE= of a systemd unit, or ulimit -n)`;
  if (code === 'ENFILE')
    return 'the limit of open files of the whole machine is reached (sysctl fs.file-max)';
  // Of other calls it means that there is nothing to read yet.
  if (code === 'EAGAIN' && syscall.startsWith('spawn'))
    return `the limit of ${number(processes())}processes is reached (TasksMax= of a systemd unit, pids.max of a container, or ulimit -u)`;
  return undefined;
}

/** Read at the start: with all descriptors in use, no file can be opened. */
const openFiles = softLimit('Max open files');

function number(limit: string | undefined): string {
  return limit === undefined ? '' : `${limit} `;
}

function softLimit(name: string): string | undefined {
  return new RegExp(`^${name} +(\\d+)`, 'm').exec(read('/proc/self/limits'))?.[1];
}

/** The least of the limits on processes: that of the control group, or that of the user. */
function processes(): string | undefined {
  const group =
    /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? /:pids:(.*)$/m.exec(read('/proc/self/cgroup'))?.[1];
  const files = [`/sys/fs/cgroup${group ?? ''}/pids.max`, `/sys/fs/cgroup/pids${group ?? ''}/pids.max`];
  const ofGroup = files.map((file) => read(file).trim()).find((text) => /^\d+$/.test(text));
  return ofGroup ?? softLimit('Max processes');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
