import { Failure } from '../../diagnostic/failure.ts';
import { fitsConfiguration } from '../../lease/acquire.ts';
import type { LeaseAttributes, LeaseSubnets } from '../../lease/lease.ts';
import { describeSubnets } from '../../lease/roster.ts';
import { claimedSubnets, decodeLease, encodeAttributes, leaseKey, parseLeaseKey } from '../../lease/wire.ts';
import { describeUnusable } from '../../network/address-scope.ts';
import {
  addressBits,
  formatAddress,
  formatCidr,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
} from '../../network/cidr.ts';
import type { Address, Family } from '../../network/cidr.ts';
import type { NetworkConfiguration } from '../../network/configuration.ts';
import { describeNetwork, describeRanges } from '../../network/configuration-text.ts';
import { noFamily, presentValues, zipFamilies } from '../../network/per-family.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';
import { parseNetworkDocument } from '../../recipe/read/network-document.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { openStore } from '../../store/open-store.ts';
import type { StoreChoice } from '../../store/kind.ts';
import type { LeaseRecord, LeaseStore } from '../../store/store.ts';

/** The output of `leases reserve --json`. */
export interface ReservedSubnet {
  readonly reserved: string;
  readonly publicIp: string | null;
  readonly publicIpv6: string | null;
}

/** The output of `leases release --json`. */
export interface ReleasedSubnet {
  readonly released: string;
  readonly publicIp: string | null;
  readonly publicIpv6: string | null;
  /** Whether it was a reservation, not a node's lease. */
  readonly reservation: boolean;
}

/** Writes a reservation: a lease without an end, which only the node with this address takes. */
export async function reserveSubnet(
  choice: StoreChoice,
  subnetText: string,
  addressText: string,
  json: boolean,
): Promise<void> {
  const subnets = readSubnets(subnetText);
  const attributes = readAttributes(addressText);
  requireAddress(subnets, attributes, addressText);
  await withStore(choice, async (store) => {
    requireFit(subnets, await readConfiguration(store));
    const written =
      (await keepForHolder(store, subnets, attributes)) ??
      (await createReservation(store, subnets, attributes));
    if (written === 'taken') throw notFree(subnets, await findRecord(store, leaseKey(subnets)));
    const reserved = describeSubnets(subnets);
    const { publicIp = null, publicIpv6 = null } = attributes;
    const report: ReservedSubnet = { reserved, publicIp, publicIpv6 };
    process.stdout.write(
      json ? `${JSON.stringify(report)}\n` : `Reserved ${reserved} for ${describeNode(attributes)}.\n`,
    );
  });
}

async function createReservation(store: LeaseStore, subnets: LeaseSubnets, attributes: LeaseAttributes) {
  await requireFree(store, subnets);
  return store.create(leaseKey(subnets), encodeAttributes(attributes), undefined);
}

/**
 * Makes a reservation of the lease that the node with these addresses holds already, without a change of its value.
 * Returns undefined if that node does not have it.
 */
async function keepForHolder(store: LeaseStore, subnets: LeaseSubnets, attributes: LeaseAttributes) {
  // The node may renew its lease meanwhile.
  for (let tries = 0; tries < 10; tries += 1) {
    const record = (await store.list()).records.find(({ key }) => key === leaseKey(subnets));
    const held = record && attributesOf(record);
    if (record?.expiresAt === undefined || held === undefined) return undefined;
    const isHolder =
      attributes.publicIp === undefined
        ? held.publicIpv6 === attributes.publicIpv6
        : held.publicIp === attributes.publicIp;
    if (!isHolder) return undefined;
    const reserved = await store.replace(record, record.value, undefined);
    if (reserved !== 'gone') return reserved;
  }
  return undefined;
}

/** Removes a lease or a reservation, whoever holds it; or what stands in the place of one, by its key. */
export async function releaseSubnet(choice: StoreChoice, subnetText: string, json: boolean): Promise<void> {
  await withStore(choice, async (store) => {
    const listing = await store.list();
    const record = findNamed(listing.records, subnetText);
    const outcome =
      record === undefined ? await store.discard(keyOfText(subnetText)) : await store.remove(record);
    if (outcome === 'gone') {
      // For its refusal of a text that is not a subnet.
      readSubnets(subnetText);
      throw new Failure('not-found', `the ${store.description} does not have a lease for ${subnetText}`, {
        hint: 'list the leases with heddle leases',
      });
    }
    const subnets = record && parseLeaseKey(record.key);
    const released = subnets === undefined ? (record?.key ?? subnetText) : describeSubnets(subnets);
    const { publicIp = null, publicIpv6 = null } = (record && attributesOf(record)) ?? {};
    const reservation = record !== undefined && record.expiresAt === undefined;
    const report: ReleasedSubnet = { released, publicIp, publicIpv6, reservation };
    const holder = record === undefined ? 'it could not be read' : describeHolder(record);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : `Released ${released} (${holder}).\n`);
  });
}

/** The record with this key, however it is spelt, or else the one for this subnet. */
function findNamed(records: readonly LeaseRecord[], text: string): LeaseRecord | undefined {
  const key = keyOfText(text);
  const exact = records.find((record) => record.key === text || record.key === key);
  const wanted = claimedSubnets(key);
  if (exact !== undefined || wanted === undefined) return exact;
  return records.find((record) => {
    const held = parseLeaseKey(record.key);
    return held !== undefined && leaseKey(held) === leaseKey(wanted);
  });
}

/** The key of a subnet as an operator types it: `10.50.4.0/24`, both families with a comma, or the key itself. */
function keyOfText(text: string): string {
  return text.includes('/') ? text.replaceAll('/', '-').replaceAll(',', '&') : text;
}

async function withStore(choice: StoreChoice, work: (store: LeaseStore) => Promise<void>): Promise<void> {
  const store = await openStore(choice, 'existing');
  try {
    const now = 'The store may have the change, or not: heddle leases shows it.';
    await whileWaiting({ what: `the ${store.description}`, now }, () => work(store));
  } finally {
    await store.close();
  }
}

/** `10.50.4.0/24`, both families with a comma, or the key of a lease as `heddle leases` and etcd have it. */
function readSubnets(text: string): LeaseSubnets {
  const asKey = parseLeaseKey(text);
  if (asKey !== undefined) return asKey;
  const cidrs = text.split(',').map((part) => parseCidr(part));
  const ofFamily = (family: Family) => cidrs.find((cidr) => cidr?.family === family);
  const subnets = { ipv4: ofFamily(4), ipv6: ofFamily(6) };
  if (presentValues(subnets).length === cidrs.length) return subnets;
  throw new Failure('usage', `"${text}" is not a subnet, nor one subnet of each family`, {
    hint: `give a network address and its length, such as ${exampleOf(text)}`,
  });
}

/** The subnet that somebody meant who gave an address inside it; otherwise any subnet. */
function exampleOf(text: string): string {
  const [, host = '', length = ''] = /^([^,/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(host);
  const isLength = length !== '' && address !== undefined && Number(length) <= addressBits(address.family);
  return isLength ? formatCidr(networkOf(address, Number(length))) : '10.50.4.0/24';
}

/** The text of subnets in the form that {@link readSubnets} reads. */
function asArgument(subnets: LeaseSubnets): string {
  return presentValues(subnets).map(formatCidr).join(',');
}

/** The attributes of a reservation: only the node's addresses. */
function readAttributes(text: string): LeaseAttributes {
  const addresses = text.split(',').map(readAddress);
  const ofFamily = (family: Family): string | undefined => {
    const [address, another] = addresses.filter((candidate) => candidate.family === family);
    if (another !== undefined) {
      throw new Failure('usage', `"${text}" has two public addresses of the same family`, {
        hint: 'give one IPv4 address, one IPv6 address, or one of each with a comma',
      });
    }
    return address && formatAddress(address);
  };
  const nothing = { backendType: '', backendData: undefined, backendV6Data: undefined };
  return { publicIp: ofFamily(4), publicIpv6: ofFamily(6), ...nothing };
}

/** A node finds its lease by its IPv4 address; in a network of IPv6 alone by that. */
function requireAddress(
  subnets: LeaseSubnets,
  { publicIp, publicIpv6 }: LeaseAttributes,
  text: string,
): void {
  const [family, address] = subnets.ipv4 === undefined ? ['IPv6', publicIpv6] : ['IPv4', publicIp];
  if (address !== undefined) return;
  throw new Failure(
    'usage',
    `"${text}" does not have an ${family} address, which a node needs to find its lease of ${describeSubnets(subnets)}`,
    { hint: `give the node's public ${family} address` },
  );
}

function readAddress(text: string): Address {
  const address = parseAddress(text);
  const why = address === undefined ? 'not an IP address' : describeUnusable(address);
  if (address !== undefined && why === undefined) return address;
  throw new Failure('usage', `the public address "${text}" is ${why ?? 'not an IP address'}`, {
    hint: 'give the address at which the other nodes reach this node',
  });
}

async function readConfiguration(store: LeaseStore): Promise<NetworkConfiguration | undefined> {
  const document = await store.readNetwork();
  const checked = document && parseNetworkDocument(document);
  return checked?.kind === 'valid' ? checked.value.network : undefined;
}

/** A node drops a lease of its own that the configuration could not have handed out. */
function requireFit(subnets: LeaseSubnets, network: NetworkConfiguration | undefined): void {
  if (network === undefined || fitsConfiguration(network, subnets)) return;
  throw new Failure(
    'usage',
    `the network ${describeNetwork(network)} cannot assign the subnet ${describeSubnets(subnets)}`,
    { hint: `choose from ${describeRanges(network)}` },
  );
}

async function requireFree(store: LeaseStore, subnets: LeaseSubnets): Promise<void> {
  const { records } = await store.list();
  const inTheWay = records.find(({ key }) => {
    const held = claimedSubnets(key) ?? noFamily;
    return zipFamilies(held, subnets).some(([a, b]) => a !== undefined && b !== undefined && overlaps(a, b));
  });
  if (inTheWay !== undefined) throw notFree(subnets, inTheWay);
}

function notFree(subnets: LeaseSubnets, holder: LeaseRecord | undefined): Failure {
  const held = (holder && claimedSubnets(holder.key)) ?? subnets;
  const what = leaseKey(held) === leaseKey(subnets) ? 'it' : describeSubnets(held);
  const why =
    holder === undefined
      ? 'an entry that is not a lease has its name'
      : `${what} is ${describeHolder(holder)}`;
  return new Failure('taken', `the subnet ${describeSubnets(subnets)} is not free: ${why}`, {
    hint: `if nobody needs it, release it first: heddle leases release ${asArgument(held)}`,
  });
}

async function findRecord(store: LeaseStore, key: string): Promise<LeaseRecord | undefined> {
  return (await store.list()).records.find((record) => record.key === key);
}

function attributesOf(record: LeaseRecord): LeaseAttributes | undefined {
  const decoded = decodeLease(record);
  return decoded.kind === 'lease' ? decoded.lease.attributes : undefined;
}

function describeHolder(record: LeaseRecord): string {
  const decoded = decodeLease(record);
  if (decoded.kind === 'malformed') return `its lease cannot be read: ${decoded.reason}`;
  const how = record.expiresAt === undefined ? 'reserved for' : 'leased to';
  return `${how} ${describeNode(decoded.lease.attributes)}`;
}

function describeNode(attributes: LeaseAttributes): string {
  return listPublicAddresses(attributes).join(' and ');
}
