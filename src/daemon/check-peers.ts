import type { LeaseSubnets } from '../lease/lease.ts';
import type { CommandResult, CommandRunner } from './command-runner.ts';

/** What CheckCommand found. */
export type PeersInPlace =
  | { readonly kind: 'listed'; readonly subnets: ReadonlySet<string> }
  /** The command exited with a failure: the network itself is broken. */
  | { readonly kind: 'broken'; readonly result: CommandResult }
  /** The recipe has no CheckCommand. */
  | { readonly kind: 'unknown' };

/** Runs CheckCommand: it prints one SUBNET a line for each peer that is fully in place. */
export async function checkPeersInPlace(commands: CommandRunner, own: LeaseSubnets): Promise<PeersInPlace> {
  if (!commands.has('CheckCommand')) return { kind: 'unknown' };
  const result = await commands.runOwn('CheckCommand', own);
  if (result.kind === 'trouble') return { kind: 'broken', result };
  const lines = result.stdout.split('\n').map((line) => line.trim());
  return { kind: 'listed', subnets: new Set(lines.filter((line) => line !== '')) };
}
