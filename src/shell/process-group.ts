import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasErrorCode } from '../host/system-error.ts';

/** The first pause between looks at a group that was asked to end, in milliseconds: the kernel has no event for its end. */
const firstPollMs = 5;
const longestPollMs = 160;

/** A process of a group that is not a zombie. */
interface GroupMember {
  readonly pid: number;
  readonly parent: number;
  /** The start in clock ticks since the machine's start. */
  readonly startedAt: number;
}

/**
 * Signals every process of a group; signal 0 only asks. Returns false if the group has no member left. Processes that this user may not
 * signal do not count.
 */
function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  return signalId(-groupId, signal);
}

function signalId(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, signal);
  } catch (error) {
    if (hasErrorCode(error, 'ESRCH', 'EPERM')) return false;
    throw error;
  }
}

/**
 * Ends a process group, except for the processes in `spared`: SIGTERM, and SIGKILL for processes that are left after `graceMs`. Resolves
 * when the group has ended or was sent SIGKILL. While a group has a member, the kernel gives its id to no other process. So frequent looks
 * also keep the last signal from hitting a stranger.
 */
export async function endGroup(
  groupId: number,
  graceMs: number,
  spared: ReadonlySet<number> = new Set(),
): Promise<void> {
  const findDoomed = async () => (await listMembers(groupId)).filter(({ pid }) => !spared.has(pid));
  const send = async (signal: NodeJS.Signals) => {
    if (spared.size === 0) return signalGroup(groupId, signal);
    for (const { pid } of await findDoomed()) signalId(pid, signal);
    return true;
  };
  if (!(await send('SIGTERM'))) return;
  // A stopped process takes SIGTERM only once it is continued.
  await send('SIGCONT');
  const deadline = performance.now() + graceMs;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, longestPollMs)) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    await delay(Math.min(pollMs, left));
    if (!signalGroup(groupId, 0) || (await findDoomed()).length === 0) return;
  }
  await send('SIGKILL');
}

/** The group of a worker, apart from the worker. */
interface WorkerGroup {
  /** Whether a job runs. */
  readonly isBusy: boolean;
  /** The processes that earlier jobs left behind. */
  readonly left: ReadonlySet<number>;
}

/**
 * Looks at the group of a worker. A worker has one child at a time, the shell of its job, so earlier jobs left the processes that are older.
 * If the worker does not have a child, it waits for a job.
 */
export async function lookAtWorkerGroup(leader: number): Promise<WorkerGroup> {
  const members = await listMembers(leader);
  const child = members.find(({ parent }) => parent === leader);
  const left = members.filter(
    (member) => member.pid !== leader && (child === undefined || isOlder(member, child)),
  );
  return { isBusy: child !== undefined, left: new Set(left.map(({ pid }) => pid)) };
}

/** Whether one process is older. Ids are given in order, so within one tick the lower one is older. */
function isOlder(one: GroupMember, other: GroupMember): boolean {
  return one.startedAt === other.startedAt ? one.pid < other.pid : one.startedAt < other.startedAt;
}

/**
 * Lists the living members of a group, without zombies. In a container, orphans may stay zombies, and the kernel still lets them be
 * signalled.
 */
async function listMembers(groupId: number): Promise<GroupMember[]> {
  const members: GroupMember[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // The fields after the name, which may hold anything: state, parent, group; the start is field 22 of proc(5).
    const [state, parent, group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (group !== String(groupId) || state === 'Z' || state === 'X') continue;
    members.push({ pid: Number(entry), parent: Number(parent), startedAt: Number(rest[16]) });
  }
  return members;
}
