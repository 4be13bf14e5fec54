import { Failure } from '../diagnostic/failure.ts';
import { checkPeer } from '../lease/check-peer.ts';
import { isPeerCommand } from '../contract/environment.ts';
import type { LeaseSubnets, Peer } from '../lease/lease.ts';
import { leaseKey } from '../lease/wire.ts';
import { describeUnusable } from '../network/address-scope.ts';
import { contains, formatCidr, parseAddress } from '../network/cidr.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { mapFamilies, noFamily, presentValues, zipFamilies, type PerFamily } from '../network/per-family.ts';
import { commandOfEvent, type CommandEvent } from '../contract/command-events.ts';
import { readsPeerLines } from '../recipe/contract-variables.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { exampleAddresses, exampleSubnets, parseAddresses, parseSubnets } from './example-lease.ts';
import { inventData, type InventedData } from './invent-data.ts';

/** The author's options for the lease of an event. */
export interface LeaseRequest {
  /** Undefined for every command that the recipe has. */
  readonly event: CommandEvent | undefined;
  readonly subnet: string | undefined;
  readonly publicIp: string | undefined;
  /** IPv4's, then IPv6's. */
  readonly data: readonly string[];
}

interface InventedLease {
  readonly subnets: LeaseSubnets;
  readonly addresses: PerFamily<string>;
}

interface InventedLeases {
  readonly own: InventedLease;
  readonly other: InventedLease;
  /** The other lease, as a node reads it. */
  readonly peer: Peer;
  /** A description of the peer's backend data. */
  readonly aboutData: string;
}

/** Completes what is given of one lease, this node's or a peer's, and makes up the other one. */
export function inventLeases(
  request: LeaseRequest,
  recipe: Recipe,
  network: NetworkConfiguration,
): InventedLeases {
  const { event, subnet, publicIp, data } = request;
  const aboutOwn =
    event !== undefined && !isPeerCommand(commandOfEvent[event]) && !readsPeerLines(commandOfEvent[event]);
  if (aboutOwn && data.length > 0) {
    throw new Failure(
      'usage',
      `--data is a peer's backend data, but ${commandOfEvent[event]} does not handle a peer`,
      { hint: 'leave out --data, or give --event add or --event remove' },
    );
  }
  const given = {
    subnets: subnet === undefined ? noFamily : parseSubnets(subnet, network),
    addresses: publicIp === undefined ? noFamily : parseAddresses(publicIp, network),
  };
  const nothing = { subnets: noFamily, addresses: noFamily };
  const own = completeLease(aboutOwn ? given : nothing, aboutOwn ? nothing : given, network);
  const other = completeLease(aboutOwn ? nothing : given, own, network);
  if (aboutOwn) checkOwn(own, network);
  const invented = inventData(data, recipe, network);
  const peer = acceptPeer(other, own, invented, recipe, network);
  return { own, other, peer, aboutData: invented.about };
}

/** Makes up what a lease lacks, and other than another one has it. */
function completeLease(
  { subnets, addresses }: InventedLease,
  other: InventedLease,
  network: NetworkConfiguration,
): InventedLease {
  return {
    subnets: complete(subnets, exampleSubnets(network, other.subnets)),
    addresses: complete(addresses, exampleAddresses(network, other.addresses)),
  };
}

/** The given value of each family, or else the example. */
function complete<T>(given: PerFamily<T>, examples: PerFamily<T>): PerFamily<T> {
  return mapFamilies(examples, (example, family) => given[family] ?? example);
}

/** `10.50.1.0/24 at 192.0.2.1` */
export function describeInvented({ subnets, addresses }: InventedLease): string {
  return `${presentValues(subnets).map(formatCidr).join(',')} at ${presentValues(addresses).join(',')}`;
}

/** Holds this node's own lease to what a node could have. */
function checkOwn({ subnets, addresses }: InventedLease, network: NetworkConfiguration): void {
  for (const [range, subnet] of zipFamilies(network, subnets)) {
    if (range === undefined || subnet === undefined || contains(range.network, subnet)) continue;
    throw new Failure(
      'usage',
      `a node cannot lease ${formatCidr(subnet)}: it is not inside ${formatCidr(range.network)}`,
      { hint: 'give --subnet a subnet of the network of the recipe' },
    );
  }
  for (const text of presentValues(addresses)) {
    const address = parseAddress(text);
    const why = address && describeUnusable(address);
    if (why === undefined) continue;
    throw new Failure('usage', `a node cannot have the address ${text}: it is ${why}`, {
      hint: 'give --public-ip a unicast address',
    });
  }
}

/** Makes a peer of a lease as a node does, or says why a node would not. */
function acceptPeer(
  lease: InventedLease,
  own: InventedLease,
  { ipv4, ipv6 }: InventedData,
  recipe: Recipe,
  network: NetworkConfiguration,
): Peer {
  const verdict = checkPeer(
    {
      key: leaseKey(lease.subnets),
      subnets: lease.subnets,
      attributes: {
        publicIp: lease.addresses.ipv4,
        publicIpv6: lease.addresses.ipv6,
        backendType: recipe.backendType,
        backendData: ipv4,
        backendV6Data: ipv6,
      },
      expiresAt: undefined,
    },
    {
      network,
      backendType: recipe.backendType,
      backendData: recipe.backendData,
      agreed: [],
      ownAddresses: presentValues(own.addresses),
      // Only the options of a daemon can tell.
      allowOverlap: true,
      ownIdentities: [],
    },
  );
  if (verdict.kind === 'peer') return verdict.peer;
  const because = verdict.kind === 'rejected' ? verdict.because : 'it has another backend type';
  throw new Failure('usage', `a node would reject this lease and not run anything for it: ${because}`, {
    hint: 'change --subnet, --public-ip or --data, or leave them out to see an example',
  });
}
