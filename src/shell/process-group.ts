import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasErrorCode } from '../host/system-error.ts';

/** How soon, and then how often, a group that was asked to end is looked at: the kernel has no event for its end. */
const firstPollMs = 5;
const longestPollMs = 160;

/**
 * Signals every process of a group; signal 0 only asks. Returns false if the group has no member left (or only
 * processes that this user may not signal, which for the purpose is the same).
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    if (hasErrorCode(error, 'ESRCH', 'EPERM')) return false;
    throw error;
  }
}

/**
 * Ends a process group: SIGTERM, and SIGKILL for what is still there after `graceMs`. Resolves when the group has
 * ended or was sent SIGKILL. While it has any member the kernel gives its id to no other process, so looking often
 * also keeps the last signal from hitting a stranger.
 */
export async function endGroup(groupId: number, graceMs: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM')) return;
  // A stopped process takes SIGTERM only once it is continued.
  signalGroup(groupId, 'SIGCONT');
  const deadline = performance.now() + graceMs;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, longestPollMs)) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    await delay(Math.min(pollMs, left));
    if (!signalGroup(groupId, 0) || !(await hasLivingMember(groupId))) return;
  }
  signalGroup(groupId, 'SIGKILL');
}

/**
 * Whether a group has a member that is more than a zombie. In a container nobody may reap what lost its parent, and
 * the kernel lets a zombie be signalled.
 */
async function hasLivingMember(groupId: number): Promise<boolean> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // After the name, which may hold anything: state, parent, group.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (group === String(groupId) && state !== 'Z' && state !== 'X') return true;
  }
  return false;
}
