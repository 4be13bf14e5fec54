import { quoteText } from '../../diagnostic/visible-text.ts';
import { formatCount, listFew } from '../../diagnostic/words.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { SharedAddress } from '../../lease/address-claims.ts';
import type { Roster } from '../../lease/roster.ts';
import type { UnreachableGroup } from '../../lease/unreachable.ts';

/** Raises what the leases in the store say about packets that may not flow, and ends what they no longer say. */
export function raiseLeaseConcerns(roster: Roster, concerns: Concerns): void {
  concerns.set('own-address', roster.ownAddressClaims.map(describeOwnAddress));
  concerns.set('shared-address', roster.sharedAddresses.map(describeShared));
  concerns.set('unreachable', roster.unreachable.map(describeUnreachable));
}

function describeOwnAddress({ address, keys }: SharedAddress) {
  const whose = keys.length === 1 ? `the lease ${listFew(keys)} has` : `the leases ${listFew(keys)} have`;
  return {
    about: address,
    because: `${whose} the public address ${address}, which is this node's own: peers cannot tell the nodes apart`,
    hint:
      'if it is the lease of another machine, give each node an address of its own with --iface or --public-ip; ' +
      'if it is an old lease of this node, run heddle leases release KEY',
  };
}

function describeShared({ address, keys }: SharedAddress) {
  return {
    about: address,
    because: `the leases ${listFew(keys)} have the same public address ${address}`,
    hint: 'one node is a copy of another, or an old lease still exists: run heddle leases, then heddle leases release KEY',
  };
}

function describeUnreachable({ name, leases }: UnreachableGroup) {
  const few = listFew(leases.map(({ key, value }) => `${key} with ${quoteText(value)}`));
  const others =
    leases.length === 1 ? 'another node has' : `${formatCount(leases.length, 'other node')} have`;
  return {
    about: name,
    because: `${others} another ${name} than this node, so packets do not flow between them: ${few}`,
    hint:
      'have all nodes run one network configuration: heddle network get shows what the store says now; ' +
      'restart heddle on the nodes that run something else, and remove leases of nodes that are gone with heddle leases release KEY',
  };
}
