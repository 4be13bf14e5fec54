import { readlinkSync } from 'node:fs';
import { enterHost, stepIntoHost } from '../inside/node/holder.ts';
import type { FoundLab } from './find.ts';

/** A network namespace of a lab: of a host, of a pod, or the lab's own. */
export type NamespaceOwner =
  | { readonly kind: 'host'; readonly name: string; readonly holderPid: number }
  | { readonly kind: 'pod'; readonly name: string }
  | { readonly kind: 'underlay' };

/** The command that runs another one in a place of a lab. */
export function enterPlace(
  lab: FoundLab,
  owner: NamespaceOwner,
  command: readonly string[],
): readonly [string, ...string[]] {
  return ['nsenter', ...enterLab(lab), '--', ...enterOwner(owner, command)];
}

/**
 * The command that runs another one in a place's network namespace only. The command is the only child of nsenter, so it can be told to end
 * with its parent.
 */
export function enterNetwork(
  lab: FoundLab,
  owner: NamespaceOwner,
  command: readonly string[],
): readonly [string, ...string[]] {
  const inside = owner.kind === 'underlay' ? command : ['ip', 'netns', 'exec', owner.name, ...command];
  return ['nsenter', ...enterLab(lab), '--', ...inside];
}

/**
 * The command that runs another one in a place for a person, on a terminal. The other command decides about each signal of the terminal. All
 * of it is killed when this process ends.
 */
export function occupyPlace(
  lab: FoundLab,
  owner: NamespaceOwner,
  command: readonly string[],
): readonly [string, ...string[]] {
  const inside =
    owner.kind === 'host'
      ? stepIntoHost({ pid: owner.holderPid }, waitFor(command))
      : enterOwner(owner, command);
  return ['nsenter', ...enterLab(lab), '--no-fork', '--', ...endWithParent, ...waitFor(inside)];
}

/** Makes the kernel kill the command that follows when its parent is gone. */
const endWithParent = ['setpriv', '--pdeathsig', 'SIGKILL', '--'];

/** The `$0` of the shells that wait for a command. */
export const occupantMarker = 'heddle-exec';

/**
 * A shell that waits for a command, and ends with its status, or 128 and the number of the signal that ended it. The shell survives the
 * signals of a terminal; nsenter would end before the command. Its own words, such as "Terminated", are for nobody.
 */
function waitFor(command: readonly string[]): readonly string[] {
  return ['sh', '-c', occupyingScript, occupantMarker, ...endWithParent, ...command];
}

const occupyingScript = `
trap : HUP INT QUIT TERM
exec 3>&2 2>/dev/null
(exec "$@" 2>&3 3>&-)
exit "$?"
`;

function enterOwner(owner: NamespaceOwner, command: readonly string[]): readonly string[] {
  switch (owner.kind) {
    case 'host':
      return enterHost({ pid: owner.holderPid }, command);
    case 'pod':
      return ['ip', 'netns', 'exec', owner.name, ...command];
    case 'underlay':
      return command;
  }
}

/** Arguments of nsenter for a lab's own namespaces. */
function enterLab(lab: FoundLab): readonly string[] {
  const link = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/user`);
  const user = link('self') === link(lab.pid) ? [] : ['--user', '--preserve-credentials'];
  return ['--target', String(lab.pid), ...user, '--pid', '--net', '--mount', '--uts', '--wd=/'];
}
