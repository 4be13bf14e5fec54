import { lstatSync, readlinkSync, statSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isInsideExecutable, ownCodeFile } from './package-files.ts';
import { isOnReadOnlyMount } from './read-only-mount.ts';

/** The reason why a user other than root could change a file, and the cure. */
interface Distrust {
  readonly why: string;
  readonly hint: string;
  /** The user, if the reason is that the file belongs to one. */
  readonly owner?: number;
}

/**
 * The users and groups that may write the programs that heddle runs. A user who could replace heddle's own program can already run anything
 * as root, and so is one of them.
 */
interface TrustedWriters {
  readonly users: Set<number>;
  readonly groups: Set<number>;
  everybody: boolean;
}

/**
 * Finds out whether a user other than root could change or replace a file or a directory, through its mode or its owner, or those of a link
 * or a directory on the way to it. Undefined for a process that is not root, which has nothing to fear. Throws the system's error for a
 * missing file. It is synchronous, because other work in between would take longer than the answer.
 */
export function findDistrust(file: string): Distrust | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  // Who can write the executable can do anything already.
  if (isInsideExecutable(file)) return undefined;
  const trusted = findTrusted();
  for (const path of pathsThrough(resolve(file))) {
    const distrust = judge(path, lstatSync(path), trusted);
    if (distrust !== undefined) return distrust;
  }
  return undefined;
}

function findTrusted(): TrustedWriters {
  // In a user namespace, the owner of / is nobody, who stands for the real root.
  const trusted: TrustedWriters = { users: new Set([0]), groups: new Set(), everybody: false };
  for (const path of pathsTo(ownCodeFile())) {
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

/** Each object that the kernel meets on the way to a file: links, and the directories that hold the file and the links. */
function pathsThrough(file: string): ReadonlySet<string> {
  const met = new Set<string>(['/']);
  const names = namesOf(file);
  let path = '/';
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = resolve(path, name);
    met.add(next);
    if (!lstatSync(next).isSymbolicLink()) {
      path = next;
      continue;
    }
    // Throws the system's error for a loop of links.
    statSync(next);
    const target = readlinkSync(next);
    names.unshift(...namesOf(target));
    if (target.startsWith('/')) path = '/';
  }
  return met;
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
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
  if (!users.has(uid))
    return { why: `${path} belongs to user ${uid}`, hint: `chown root ${path}`, owner: uid };
  // The mode of a link has no meaning.
  if (found.isSymbolicLink() || isSticky(found)) return undefined;
  const strangers = groups.has(gid) ? 0o002 : 0o022;
  if ((mode & strangers) === 0 || (found.isDirectory() && isOnReadOnlyMount(path))) return undefined;
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  return { why: `other users can write to ${path} (mode ${octal})`, hint: `chmod go-w ${path}` };
}

/** Whether a directory is sticky, such as /tmp, so that users cannot replace each other's files. */
function isSticky(found: Stats): boolean {
  return found.isDirectory() && (found.mode & 0o1000) !== 0;
}
