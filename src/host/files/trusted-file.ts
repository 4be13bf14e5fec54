import { lstatSync, realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Why somebody besides root could change a file, and what to do about it. */
interface Distrust {
  readonly why: string;
  readonly hint: string;
}

/**
 * Whoever could put another program in the place of heddle's own can have anything run as root already, and so may write
 * what it runs.
 */
interface TrustedWriters {
  readonly users: Set<number>;
  readonly groups: Set<number>;
  everybody: boolean;
}

/**
 * Tells whether somebody besides root could change a file, or put another in its place: by its mode or its owner, or by
 * those of a directory on the way to it. For a process that is not root nothing is to be feared: undefined. Throws the
 * system's error for a file that is not there. Does not let other work in between: that would take longer than the answer.
 */
export function findDistrust(file: string): Distrust | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const trusted = findTrusted();
  const links = pathsTo(resolve(file));
  for (const path of new Set([...links, ...pathsTo(realpathSync(file))])) {
    const distrust = judge(path, lstatSync(path), trusted);
    if (distrust !== undefined) return distrust;
  }
  return undefined;
}

function findTrusted(): TrustedWriters {
  // In a user namespace the owner of / is nobody, who stands for the real root.
  const trusted: TrustedWriters = { users: new Set([0]), groups: new Set(), everybody: false };
  for (const path of pathsTo(import.meta.filename)) {
    const found = statSync(path);
    trusted.users.add(found.uid);
    if (isSticky(found)) continue;
    if ((found.mode & 0o020) !== 0) trusted.groups.add(found.gid);
    if ((found.mode & 0o002) !== 0) trusted.everybody = true;
  }
  const { SUDO_UID: caller } = process.env;
  if (caller !== undefined) trusted.users.add(Number(caller));
  return trusted;
}

/** The path itself and each directory above it. */
function pathsTo(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...pathsTo(parent)];
}

function judge(
  path: string,
  found: Stats,
  { users, groups, everybody }: TrustedWriters,
): Distrust | undefined {
  const { uid, gid, mode } = found;
  if (everybody) return undefined;
  if (!users.has(uid)) return { why: `${path} belongs to user ${uid}`, hint: `chown root ${path}` };
  // The mode of a link means nothing.
  if (found.isSymbolicLink() || isSticky(found)) return undefined;
  const strangers = groups.has(gid) ? 0o002 : 0o022;
  if ((mode & strangers) === 0) return undefined;
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  return { why: `other users can write to ${path} (mode ${octal})`, hint: `chmod go-w ${path}` };
}

/** In a sticky directory, such as /tmp, nobody can replace what is another's. */
function isSticky(found: Stats): boolean {
  return found.isDirectory() && (found.mode & 0o1000) !== 0;
}
