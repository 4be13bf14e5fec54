import { isLoopback } from '../../network/address-scope.ts';
import { familyKey } from '../../network/per-family.ts';
import {
  explainUnusable,
  tryChooseInterface,
  type ChosenInterface,
  type HostFacts,
  type InterfaceChoice,
  type InterfaceWishes,
} from './choose-interface.ts';
import type { Link, LinkAddress } from './ip-output.ts';
import { rankAddresses } from './rank-addresses.ts';

/** An address of an interface, or an interface without one, with the result of the choice for it. */
export interface Candidate {
  readonly interface: string;
  /** The address; null for an interface without one. */
  readonly address: string | null;
  readonly isTaken: boolean;
  /** The reason why it was taken or passed over, as a clause. */
  readonly because: string;
}

/** A choice, with every candidate. */
export interface ExplainedChoice {
  readonly choice: InterfaceChoice;
  /** The candidates, in the kernel's order. */
  readonly candidates: readonly Candidate[];
}

/** Chooses as a node does, and gives the reason for each candidate. Throws a Failure for a malformed wish. */
export function explainChoice(wishes: InterfaceWishes, facts: HostFacts): ExplainedChoice {
  const choice = tryChooseInterface(wishes, facts);
  const candidates = facts.links.flatMap((link) => {
    if (link.addresses.length === 0) return [judge(link, undefined, choice, wishes, facts)];
    return link.addresses.map((address) => judge(link, address, choice, wishes, facts));
  });
  return { choice, candidates };
}

function judge(
  link: Link,
  address: LinkAddress | undefined,
  choice: InterfaceChoice,
  wishes: InterfaceWishes,
  facts: HostFacts,
): Candidate {
  const named = { interface: link.name, address: address?.text ?? null };
  const chosen = choice.kind === 'chosen' && choice.chosen.name === link.name ? choice.chosen : undefined;
  if (chosen !== undefined && address !== undefined) {
    const taken = chosen.addresses[familyKey(address.family)];
    const isTaken = taken === address.text;
    const because = isTaken
      ? explainTaken(link, address, chosen, facts)
      : explainOther(link, address, taken, facts);
    return { ...named, isTaken, because };
  }
  return { ...named, isTaken: false, because: explainPassed(link, address, choice, wishes) };
}

function explainTaken(
  link: Link,
  address: LinkAddress,
  chosen: ChosenInterface,
  { memory }: HostFacts,
): string {
  const ranked = rankAddresses(link, address.family, memory);
  const own = ranked.find((each) => each.address === address);
  const [best] = ranked;
  if (own?.isKept === true) return `${chosen.because}; this node used the address at its last start`;
  if (own?.flaw === undefined || best !== own) return chosen.because;
  return `${chosen.because}; ${own.flaw}, but there is not a better one`;
}

/** The reason why another address of the chosen interface was not taken. */
function explainOther(
  link: Link,
  address: LinkAddress,
  taken: string | undefined,
  { memory }: HostFacts,
): string {
  if (isLoopback(address)) return 'it is a loopback address';
  if (taken === undefined) return `the network does not use IPv${address.family}`;
  const ranked = rankAddresses(link, address.family, memory);
  const kept = ranked.find((each) => each.address.text === taken)?.isKept === true;
  const flaw = ranked.find((each) => each.address === address)?.flaw;
  if (flaw !== undefined) return `${flaw}; --iface ${address.text} insists on it`;
  if (kept) return `this node used ${taken} at its last start; --iface ${address.text} insists on this one`;
  return `${taken} comes first`;
}

/** The reason why another interface was not taken. */
function explainPassed(
  link: Link,
  address: LinkAddress | undefined,
  choice: InterfaceChoice,
  { families }: InterfaceWishes,
): string {
  if (address !== undefined && isLoopback(address)) return 'it is a loopback address';
  const unusable = explainUnusable(link, families);
  if (unusable !== undefined) return unusable;
  if (choice.kind === 'none') return choice.refusals.join('; ');
  return `${choice.chosen.name} is taken: ${choice.chosen.because}`;
}
