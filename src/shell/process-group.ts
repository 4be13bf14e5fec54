import { setTimeout as delay } from 'node:timers/promises';
import { hasErrorCode } from '../host/error-code.ts';

/** How often a group that was asked to end is looked at; the kernel has no event for a group's end. */
const pollMs = 20;

/**
 * Signals every process of a group; signal 0 only asks. Returns false if the group has no member left (or only
 * processes that this user may not signal, which for the purpose is the same).
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    if (hasErrorCode(error, 'ESRCH') || hasErrorCode(error, 'EPERM')) return false;
    throw error;
  }
}

/**
 * Ends a process group: SIGTERM, and SIGKILL for what is still there after `graceMs`. Resolves when the group is
 * empty or was sent SIGKILL. While any member lives the kernel gives the group's id to no other process, so
 * looking often also keeps the last signal from hitting a stranger.
 */
export async function endGroup(groupId: number, graceMs: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM')) return;
  // A stopped process takes SIGTERM only once it is continued.
  signalGroup(groupId, 'SIGCONT');
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    await delay(Math.min(pollMs, Math.max(1, deadline - performance.now())));
    if (!signalGroup(groupId, 0)) return;
  }
  signalGroup(groupId, 'SIGKILL');
}
