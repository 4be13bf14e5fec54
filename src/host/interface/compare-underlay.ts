import type { ChosenInterface } from './choose-interface.ts';
import type { Link } from './ip-output.ts';

/** How an interface stands, compared with how it was when the network was brought up on it. */
export type UnderlaySight =
  | { readonly kind: 'same' }
  /** The network has to be brought up on it again. `because` is a clause. */
  | { readonly kind: 'changed'; readonly underlay: ChosenInterface; readonly because: string }
  /** Packets cannot use it. `because` is a clause. */
  | { readonly kind: 'unusable'; readonly because: string };

/** Compares the interface of a network with what the kernel says of it now. */
export function compareUnderlay(underlay: ChosenInterface, link: Link | undefined): UnderlaySight {
  const { name, mtu } = underlay;
  if (link === undefined)
    return { kind: 'unusable', because: `the interface ${name} does not exist any more` };
  if (!link.up) return { kind: 'unusable', because: `the interface ${name} is down` };
  const lost = [underlay.address, underlay.address6].find(
    (address) => address !== undefined && link.addresses.every(({ text }) => text !== address),
  );
  if (lost !== undefined) {
    return {
      kind: 'unusable',
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
