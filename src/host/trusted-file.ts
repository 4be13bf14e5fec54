import type { Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Why somebody besides root could change a file, and what to do about it. */
export interface Distrust {
  readonly why: string;
  readonly hint: string;
}

/** Whoever can write heddle's own program can have anything run as root already, and so can write what it runs. */
interface Trusted {
  readonly users: ReadonlySet<number>;
  readonly groups: ReadonlySet<number>;
}

/**
 * Tells whether somebody besides root could change a file, or put another in its place: by its mode or its owner, or by
 * those of a directory on the way to it. For a process that is not root nothing is to be feared: undefined.
 */
export async function findDistrust(file: string): Promise<Distrust | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  const trusted = await findTrusted();
  const links = pathsTo(resolve(file));
  for (const path of new Set([...links, ...pathsTo(await realpath(file))])) {
    const distrust = judge(path, await lstat(path), trusted);
    if (distrust !== undefined) return distrust;
  }
  return undefined;
}

async function findTrusted(): Promise<Trusted> {
  const program = await stat(fileURLToPath(import.meta.url));
  // In a user namespace the owner of / is nobody, who stands for the real root.
  const users = new Set([0, program.uid, (await stat('/')).uid]);
  const { SUDO_UID: caller } = process.env;
  if (caller !== undefined) users.add(Number(caller));
  return { users, groups: new Set((program.mode & 0o020) === 0 ? [] : [program.gid]) };
}

/** The path itself and each directory above it. */
function pathsTo(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...pathsTo(parent)];
}

function judge(path: string, found: Stats, { users, groups }: Trusted): Distrust | undefined {
  const { uid, gid, mode } = found;
  if (!users.has(uid)) {
    return { why: `${path} belongs to user ${uid}`, hint: `chown root ${path}` };
  }
  // In a sticky directory, such as /tmp, nobody can replace what is another's.
  if (found.isSymbolicLink() || (found.isDirectory() && (mode & 0o1000) !== 0)) return undefined;
  const strangers = groups.has(gid) ? 0o002 : 0o022;
  if ((mode & strangers) === 0) return undefined;
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  return { why: `others may write to ${path} (mode ${octal})`, hint: `chmod go-w ${path}` };
}
