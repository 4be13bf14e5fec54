import type { Peer } from '../lease/lease.ts';
import { samePeer } from './state.ts';
import type { Abilities, PeerEntry } from './state.ts';

/** The next step for one peer, decided from the wanted and the applied state. */
type Decision =
  | { readonly kind: 'nothing' }
  /** The peer is unwanted, and the recipe has no command to remove it. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'add'; readonly peer: Peer }
  | { readonly kind: 'remove'; readonly peer: Peer; readonly mode: 'strict' | 'lenient' };

/**
 * Compares wanted with applied. After a remove that was due to a change, the same comparison asks for the add. So a changed peer is removed
 * with its old values and added with its new ones, and no plan is stored.
 */
export function decide(entry: Pick<PeerEntry, 'wanted' | 'applied'>, abilities: Abilities): Decision {
  const { wanted, applied } = entry;
  if (wanted === undefined) {
    if (applied.kind === 'absent') return { kind: 'nothing' };
    return abilities.canRemove ? removal(applied, abilities) : { kind: 'forget' };
  }
  if (applied.kind === 'absent' || applied.kind === 'unremovable') return { kind: 'add', peer: wanted };
  const unchanged = samePeer(applied.peer, wanted);
  if (unchanged && applied.kind === 'present') return { kind: 'nothing' };
  if (!abilities.canRemove || (unchanged && abilities.repeatable)) return { kind: 'add', peer: wanted };
  return removal(applied, abilities);
}

function removal(applied: Exclude<PeerEntry['applied'], { kind: 'absent' }>, abilities: Abilities): Decision {
  const certain = applied.kind === 'present' || abilities.repeatable;
  return { kind: 'remove', peer: applied.peer, mode: certain ? 'strict' : 'lenient' };
}
