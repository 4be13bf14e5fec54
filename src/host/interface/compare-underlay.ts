import { mapFamilies, presentValues } from '../../network/per-family.ts';
import type { ChosenInterface } from './choose-interface.ts';
import type { Link } from './ip-output.ts';

/** The state of an interface, compared with its state when the network was brought up on it. */
export type UnderlaySight =
  | { readonly kind: 'same' }
  /** The network must be brought up on the interface again. `because` is a clause. */
  | { readonly kind: 'changed'; readonly underlay: ChosenInterface; readonly because: string }
  /** Packets cannot use the interface. `because` is a clause. */
  | { readonly kind: 'unusable'; readonly because: string };

/** The state of a link. `lost` means that the interface or its address may be gone for good, so that another one must be chosen. */
type LinkSight = UnderlaySight | { readonly kind: 'lost'; readonly because: string };

/** Compares the interface of a network with its present state in the kernel. */
export function compareUnderlay(underlay: ChosenInterface, link: Link | undefined): LinkSight {
  const { name, mtu } = underlay;
  if (link === undefined) return { kind: 'lost', because: `the interface ${name} does not exist any more` };
  if (!link.up) return { kind: 'unusable', because: `the interface ${name} is down` };
  const lost = presentValues(underlay.addresses).find((address) =>
    link.addresses.every(({ text }) => text !== address),
  );
  if (lost !== undefined) {
    return {
      kind: 'lost',
      because: `the interface ${name} does not have the address ${lost} any more, which this node uses`,
    };
  }
  if (link.mtu === mtu || link.mtu <= 0) return { kind: 'same' };
  return {
    kind: 'changed',
    underlay: { ...underlay, mtu: link.mtu },
    because: `the MTU of ${name} is ${link.mtu} now and was ${mtu}`,
  };
}

/** Compares the interface of a network with the one that was chosen after its loss. */
export function compareChoice(before: ChosenInterface, now: ChosenInterface): UnderlaySight {
  const differences: string[] = [];
  if (before.name !== now.name) differences.push(`the interface is ${now.name} now and was ${before.name}`);
  mapFamilies(before.addresses, (address, family) => {
    const other = now.addresses[family];
    if (other !== undefined && other !== address)
      differences.push(`the address is ${other} now and was ${address}`);
    return undefined;
  });
  if (before.mtu !== now.mtu) differences.push(`the MTU is ${now.mtu} now and was ${before.mtu}`);
  if (differences.length === 0) return { kind: 'same' };
  return { kind: 'changed', underlay: now, because: differences.join(', ') };
}
