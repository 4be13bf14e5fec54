import { Failure } from '../diagnostic/failure.ts';
import { describeUnusable } from '../lease/check-peer.ts';
import type { LeaseSubnets } from '../lease/lease.ts';
import { describeSubnets } from '../lease/roster.ts';
import { decodeLease, encodeAttributes, leaseKey, parseLeaseKey } from '../lease/wire.ts';
import { contains, formatAddress, formatCidr, parseAddress, parseCidr } from '../network/cidr.ts';
import type { Address } from '../network/cidr.ts';
import { describeNetwork } from '../network/configuration-text.ts';
import { parseNetworkDocument } from '../recipe/network-document.ts';
import { openStore } from '../store/open-store.ts';
import type { StoreChoice } from '../store/open-store.ts';
import type { LeaseRecord, LeaseStore } from '../store/store.ts';

/** Writes a reservation: a lease without an end, which only the node with this address takes. */
export async function reserveSubnet(
  choice: StoreChoice,
  subnetText: string,
  addressText: string,
): Promise<void> {
  const subnets = readSubnets(subnetText);
  const addresses = readAddresses(addressText);
  await withStore(choice, async (store) => {
    await requireInsideNetwork(store, subnets);
    const key = leaseKey(subnets);
    const value = encodeAttributes({
      publicIp: addressOf(addresses, 4),
      publicIpv6: addressOf(addresses, 6),
      backendType: '',
      backendData: undefined,
      backendV6Data: undefined,
    });
    if ((await store.create(key, value, undefined)) === 'taken') {
      const holder = await findRecord(store, key);
      throw new Failure('store', `the subnet ${subnetText} is not free: ${describeHolder(holder)}`, {
        hint: `release it first, if it is no longer needed: heddle leases release ${subnetText}`,
      });
    }
    process.stdout.write(`Reserved ${describeSubnets(subnets)} for ${addressText}.\n`);
  });
}

/** Removes a lease or a reservation, whoever holds it. */
export async function releaseSubnet(choice: StoreChoice, subnetText: string): Promise<void> {
  const subnets = readSubnets(subnetText);
  await withStore(choice, async (store) => {
    const record = await findRecord(store, leaseKey(subnets));
    if (record === undefined || (await store.remove(record)) === 'gone') {
      throw new Failure('store', `there is no lease of ${subnetText} in the ${store.description}`, {
        hint: 'heddle leases lists what there is',
      });
    }
    process.stdout.write(`Released ${describeSubnets(subnets)} (${describeHolder(record)}).\n`);
  });
}

async function withStore(choice: StoreChoice, work: (store: LeaseStore) => Promise<void>): Promise<void> {
  const store = await openStore(choice);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

/** `10.50.4.0/24`, both families with a comma, or the key of a lease as `heddle leases` and etcd have it. */
function readSubnets(text: string): LeaseSubnets {
  const asKey = parseLeaseKey(text);
  if (asKey !== undefined) return asKey;
  const cidrs = text.split(',').map((part) => parseCidr(part));
  const ipv4 = cidrs.find((cidr) => cidr?.family === 4);
  const ipv6 = cidrs.find((cidr) => cidr?.family === 6);
  if (cidrs.length === [ipv4, ipv6].filter((cidr) => cidr !== undefined).length) return { ipv4, ipv6 };
  throw new Failure('usage', `"${text}" is not a subnet like 10.50.4.0/24, its host bits zero`);
}

function readAddresses(text: string): Address[] {
  return text.split(',').map((part) => {
    const address = parseAddress(part);
    const why = address === undefined ? 'not an IP address' : describeUnusable(address);
    if (address !== undefined && why === undefined) return address;
    throw new Failure('usage', `the public address "${part}" is ${why ?? 'not an IP address'}`);
  });
}

function addressOf(addresses: readonly Address[], family: 4 | 6): string | undefined {
  const address = addresses.find((candidate) => candidate.family === family);
  return address && formatAddress(address);
}

async function requireInsideNetwork(store: LeaseStore, subnets: LeaseSubnets): Promise<void> {
  const document = await store.readNetwork();
  const checked = document && parseNetworkDocument(document);
  if (checked?.kind !== 'valid') return; // nothing to hold it against yet
  const { network } = checked.value;
  for (const [cidr, range] of [
    [subnets.ipv4, network.ipv4],
    [subnets.ipv6, network.ipv6],
  ] as const) {
    if (cidr === undefined || (range !== undefined && contains(range.network, cidr))) continue;
    throw new Failure('usage', `${formatCidr(cidr)} is not inside the network ${describeNetwork(network)}`);
  }
}

async function findRecord(store: LeaseStore, key: string): Promise<LeaseRecord | undefined> {
  return (await store.list()).records.find((record) => record.key === key);
}

function describeHolder(record: LeaseRecord | undefined): string {
  if (record === undefined) return 'something that is no lease stands there';
  const decoded = decodeLease(record);
  if (decoded.kind === 'malformed') return `held by something unreadable: ${decoded.reason}`;
  const { publicIp, publicIpv6 } = decoded.lease.attributes;
  const who = [publicIp, publicIpv6].filter((address) => address !== undefined).join(' and ');
  return `${record.expiresAt === undefined ? 'reserved for' : 'leased to'} ${who}`;
}
