import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/**
 * The process that holds a lock of flock(2) on a file: `process 4711 (flock .lock sleep 75)`. Undefined if it cannot be found: it runs on
 * another machine, in another PID namespace, or belongs to another user. /proc/locks does not suffice, because it names the process that
 * took the lock, which may have ended since.
 */
export function findLockHolder(path: string): string | undefined {
  const file = attempt(() => statSync(path, { bigint: true }));
  if (file === undefined) return undefined;
  for (const pid of numbersIn('/proc')) {
    if (Number(pid) === process.pid) continue;
    for (const descriptor of numbersIn(`/proc/${pid}/fd`)) {
      const link = `/proc/${pid}/fd/${descriptor}`;
      // This check is cheaper than a look at the file, and hardly any other descriptor has the name.
      if (attempt(() => readlinkSync(link))?.endsWith(nameOf(path)) !== true) continue;
      const open = attempt(() => statSync(link, { bigint: true }));
      if (open?.ino !== file.ino || open.dev !== file.dev) continue;
      const info = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'));
      if (info !== undefined && /^lock:.*FLOCK/m.test(info)) return `process ${pid}${describeProgram(pid)}`;
    }
  }
  return undefined;
}

function numbersIn(directory: string): string[] {
  return attempt(() => readdirSync(directory))?.filter((name) => /^\d+$/.test(name)) ?? [];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The first words of the command line, short enough for a message. */
function describeProgram(pid: string): string {
  const words = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    ?.split('\0')
    .join(' ')
    .trim();
  if (words === undefined || words === '') return '';
  return ` (${words.length > 60 ? `${words.slice(0, 60)}…` : words})`;
}

/** Returns the result of a look; undefined if it fails. Processes come and go, and those of others cannot be looked at. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
