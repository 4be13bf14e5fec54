import { Failure } from '../diagnostic/failure.ts';
import { checkPeer, describeUnusable } from '../lease/check-peer.ts';
import { isPeerCommand } from '../lease/environment.ts';
import type { Json, LeaseSubnets, Peer } from '../lease/lease.ts';
import { leaseKey } from '../lease/wire.ts';
import { contains, formatCidr, parseAddress } from '../network/cidr.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { commandOfEvent } from '../recipe/command-events.ts';
import { readsPeerLines } from '../recipe/contract-variables.ts';
import type { Recipe } from '../recipe/recipe.ts';
import {
  exampleAddresses,
  exampleData,
  exampleSubnets,
  parseAddresses,
  parseSubnets,
  type PerFamily,
} from './example-lease.ts';
import type { ExplainRequest } from './explain-recipe.ts';

/** What was said of the lease that an event is about. */
export type LeaseRequest = Pick<ExplainRequest, 'event' | 'subnet' | 'publicIp' | 'data'>;

export interface InventedLease {
  readonly subnets: LeaseSubnets;
  readonly addresses: PerFamily<string>;
}

export interface InventedLeases {
  readonly own: InventedLease;
  readonly other: InventedLease;
  /** What a node makes of the other lease. */
  readonly peer: Peer;
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
      `--data is what a peer has published, and ${commandOfEvent[event]} is about no peer`,
    );
  }
  const given = {
    subnets: subnet === undefined ? none : parseSubnets(subnet, network),
    addresses: publicIp === undefined ? none : parseAddresses(publicIp, network),
  };
  const nothing = { subnets: none, addresses: none };
  const own = completeLease(aboutOwn ? given : nothing, aboutOwn ? nothing : given, network);
  const other = completeLease(aboutOwn ? nothing : given, own, network);
  if (aboutOwn) checkOwn(own, network);
  return { own, other, peer: acceptPeer(other, own, request, recipe, network) };
}

const none = { ipv4: undefined, ipv6: undefined };

/** Makes up what a lease lacks, and other than another one has it. */
function completeLease(
  { subnets, addresses }: InventedLease,
  other: InventedLease,
  network: NetworkConfiguration,
): InventedLease {
  const exampleSubnet = exampleSubnets(network, other.subnets);
  const exampleAddress = exampleAddresses(network, other.addresses);
  return {
    subnets: { ipv4: subnets.ipv4 ?? exampleSubnet.ipv4, ipv6: subnets.ipv6 ?? exampleSubnet.ipv6 },
    addresses: { ipv4: addresses.ipv4 ?? exampleAddress.ipv4, ipv6: addresses.ipv6 ?? exampleAddress.ipv6 },
  };
}

/** `10.50.1.0/24 at 192.0.2.1` */
export function describeInvented({ subnets, addresses }: InventedLease): string {
  const names = [subnets.ipv4, subnets.ipv6].flatMap((cidr) =>
    cidr === undefined ? [] : [formatCidr(cidr)],
  );
  const at = [addresses.ipv4, addresses.ipv6].filter((address) => address !== undefined);
  return `${names.join(',')} at ${at.join(',')}`;
}

/** Holds this node's own lease to what a node could have. */
function checkOwn({ subnets, addresses }: InventedLease, { ipv4, ipv6 }: NetworkConfiguration): void {
  for (const [range, subnet] of [[ipv4, subnets.ipv4] as const, [ipv6, subnets.ipv6] as const]) {
    if (range === undefined || subnet === undefined || contains(range.network, subnet)) continue;
    throw new Failure(
      'usage',
      `no node could lease ${formatCidr(subnet)}: it is not inside ${formatCidr(range.network)}`,
    );
  }
  for (const text of [addresses.ipv4, addresses.ipv6]) {
    const address = text === undefined ? undefined : parseAddress(text);
    const why = address === undefined ? undefined : describeUnusable(address);
    if (why !== undefined)
      throw new Failure('usage', `no node could be reached at ${text ?? ''}: it is ${why}`);
  }
}

/** Makes a peer of a lease as a node does, or says why a node would not. */
function acceptPeer(
  lease: InventedLease,
  own: InventedLease,
  request: LeaseRequest,
  recipe: Recipe,
  network: NetworkConfiguration,
): Peer {
  const { v4, v6 } = chooseData(request.data, recipe, network);
  const verdict = checkPeer(
    {
      key: leaseKey(lease.subnets),
      subnets: lease.subnets,
      attributes: {
        publicIp: lease.addresses.ipv4,
        publicIpv6: lease.addresses.ipv6,
        backendType: recipe.backendType,
        backendData: v4,
        backendV6Data: v6,
      },
      expiresAt: undefined,
    },
    {
      network,
      backendType: recipe.backendType,
      backendData: recipe.backendData,
      ownAddresses: [own.addresses.ipv4, own.addresses.ipv6].filter((address) => address !== undefined),
    },
  );
  if (verdict.kind === 'peer') return verdict.peer;
  const because = verdict.kind === 'rejected' ? verdict.because : 'its backend type is another';
  throw new Failure('usage', `a node would reject such a lease, and run nothing for it: ${because}`);
}

/** A peer's backend data for each family: as given, or an example where the recipe publishes some. */
function chooseData(
  given: readonly string[],
  recipe: Recipe,
  { ipv4, ipv6 }: NetworkConfiguration,
): { readonly v4: Json | undefined; readonly v6: Json | undefined } {
  const families = [ipv4, ipv6].filter((range) => range !== undefined).length;
  if (given.length > families) {
    throw new Failure('usage', `--data is given ${given.length} times for ${families} address families`);
  }
  const isText = recipe.backendData.format === 'text';
  const publishes = recipe.commands.PreStartupCommand !== undefined || !isText;
  const values =
    given.length > 0 || !publishes ? given.map((text) => (isText ? text : parseData(text))) : undefined;
  const first = values === undefined ? exampleData(recipe.backendData) : values[0];
  // Text is printed once for both families, and published as IPv4's.
  const second = values === undefined ? (isText ? undefined : first) : values[1];
  return ipv4 === undefined ? { v4: undefined, v6: first } : { v4: first, v6: ipv6 && second };
}

function parseData(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Failure('usage', `--data ${JSON.stringify(text)} is not JSON`, {
      hint: 'the recipe\'s backend data is an object: give one, such as \'{"Key":"value"}\'',
    });
  }
}
