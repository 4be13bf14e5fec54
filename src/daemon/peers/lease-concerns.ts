import { quoteText } from '../../diagnostic/visible-text.ts';
import { formatCount, listFew } from '../../diagnostic/words.ts';
import type { Concern } from '../../event/concern.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { Identity } from '../../lease/identities.ts';
import type { Roster, SharedAddress, SharedIdentity } from '../../lease/roster.ts';
import { mainPublicAddress } from '../../network/public-addresses.ts';
import type { UnreachableGroup } from '../../lease/unreachable.ts';

/** Raises the concerns that follow from the leases in the store, and ends those that no longer hold. */
export function raiseLeaseConcerns(roster: Roster, concerns: Concerns): void {
  const { ownClaims } = roster;
  const addresses = ownClaims.flatMap(({ claim, keys }) =>
    claim.kind === 'address' ? [describeOwnAddress(claim.address, keys)] : [],
  );
  const identities = ownClaims.flatMap(({ claim, keys }) =>
    claim.kind === 'identity' ? [describeOwnIdentity(claim.identity, keys)] : [],
  );
  concerns.set('own-address', addresses);
  concerns.set('own-identity', identities);
  concerns.set('shared-address', roster.sharedAddresses.map(describeShared));
  concerns.set('shared-identity', roster.sharedIdentities.map(describeSharedIdentity));
  concerns.set('unreachable', roster.unreachable.map(describeUnreachable));
}

type Described = Omit<Concern, 'kind'>;

/** The subject of a clause about leases: `the leases 10.50.4.0-24 and 10.50.5.0-24 have`. */
function whoHas(keys: readonly string[]): string {
  return keys.length === 1 ? `the lease ${listFew(keys)} has` : `the leases ${listFew(keys)} have`;
}

function describeOwnAddress(address: string, keys: readonly string[]): Described {
  return {
    about: address,
    because: `${whoHas(keys)} the public address ${address}, which is this node's own: peers cannot tell the nodes apart`,
    hint:
      'if it is the lease of another machine, give each node an address of its own with --iface or --public-ip; ' +
      'if it is an old lease of this node, run heddle leases release KEY',
  };
}

function describeOwnIdentity({ field, value }: Identity, keys: readonly string[]): Described {
  return {
    about: value,
    because: `${whoHas(keys)} the ${field} ${value}, which is this node's own: peers cannot tell the nodes apart`,
    hint:
      `if it is the lease of another machine, one is a copy of the other: restart heddle on this node, which then makes another ${field}; ` +
      'if it is an old lease of this node, run heddle leases release KEY',
  };
}

function describeShared({ address, keys }: SharedAddress): Described {
  return {
    about: address,
    because: `the leases ${listFew(keys)} have the same public address ${address}`,
    hint: 'one node is a copy of another, or an old lease still exists: run heddle leases, then heddle leases release KEY',
  };
}

function describeSharedIdentity({ identity: { field, value }, peers }: SharedIdentity): Described {
  const nodes = listFew(peers.map((peer) => `${mainPublicAddress(peer)} (lease ${peer.key})`));
  return {
    about: value,
    because: `the nodes at ${nodes} have the same ${field} ${value}, so this node can reach only one of them`,
    hint:
      `one machine is a copy of the other: restart heddle on all of these nodes but one, one after the other; each then makes another ${field}; ` +
      'if a lease is an old one, run heddle leases release KEY',
  };
}

function describeUnreachable({ name, leases }: UnreachableGroup): Described {
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
