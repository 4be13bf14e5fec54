import { readlinkSync } from 'node:fs';
import { enterHost } from '../inside/node/holder.ts';
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
