import assert from 'node:assert/strict';
import { Failure } from '../../src/diagnostic/failure.ts';
import { checkPeer } from '../../src/lease/check-peer.ts';
import { decodeLease } from '../../src/lease/wire.ts';
import { parseNetworkDocument } from '../../src/recipe/read/network-document.ts';
import { acquireLease } from '../../src/store/acquire-lease.ts';
import type { LeaseStore } from '../../src/store/store.ts';
import { vxlanRules } from '../lease/fixtures.ts';

const document = parseNetworkDocument({
  name: 'sixteen-subnets',
  text: '{"Network":"10.60.0.0/24","SubnetLen":28,"SubnetMin":"10.60.0.0","Backend":{"Type":"vxlan"}}',
});
assert.equal(document.kind, 'valid');
const { network } = document.value;

function value(attributes: object, data: object = { VNI: 1, VtepMAC: '02:42:ac:11:00:09' }): string {
  const others = { PublicIP: '172.30.0.9', PublicIPv6: null, BackendType: 'vxlan' };
  return JSON.stringify({ ...others, ...attributes, BackendData: data });
}

/** Entries that are not peers, by key, with what a node takes each for. */
const entries: readonly (readonly [key: string, value: string, takenFor: string])[] = [
  ['10.60.0.0-28', value({ BackendType: 'host-gw' }), 'ignored'],
  ['10.60.0.16-28', value({}, { VNI: 1, VtepMAC: 'ff:ff:ff:ff:ff:ff' }), 'rejected'],
  ['10.60.0.32-28', value({}, { VNI: 1, VtepMAC: '$(reboot)' }), 'rejected'],
  ['10.60.0.57-28', value({ BackendType: 'extension' }), 'ignored'],
  ['10.60.0.70-32', value({ BackendType: 'wireguard' }), 'malformed'],
  ['10.60.0.88-29', value({ PublicIP: '127.0.0.1' }), 'rejected'],
  // Two subnets.
  ['10.60.0.96-27', value({ PublicIP: '224.0.0.9' }), 'rejected'],
  ['10.60.0.128-28', 'torn', 'malformed'],
  ['10.60.0.144-28', '[]', 'malformed'],
  ['10.60.0.160-28', value({ PublicIP: '10.60.0.200' }), 'rejected'],
  ['10.60.0.176-28', value({ Filler: 'x'.repeat(70_000) }), 'malformed'],
];

/** The subnets of which no entry has a part. */
const free = ['10.60.0.192-28', '10.60.0.208-28', '10.60.0.224-28', '10.60.0.240-28'];

/**
 * Checks that nodes get exactly the subnets that no entry of the store has a part of, however this node takes the entry.
 *
 * @param store an empty store
 * @param put writes an entry as another program would
 */
export async function assertIgnoredOccupy(
  store: LeaseStore,
  put: (key: string, value: string) => Promise<unknown>,
): Promise<void> {
  for (const [key, text, takenFor] of entries) {
    await put(key, text);
    assert.equal(judge(key, text), takenFor, key);
  }
  const { faults } = await store.list();
  assert.deepEqual(
    faults.filter(({ reason }) => reason.endsWith('larger than 65536 bytes')).map(({ key }) => key),
    ['10.60.0.176-28'],
  );
  const acquire = (publicIp: string): ReturnType<typeof acquireLease> =>
    acquireLease(store, vxlanRequest(network, publicIp));
  const keys: string[] = [];
  for (const index of free.keys()) keys.push((await acquire(`172.30.1.${index + 1}`)).record.key);
  assert.deepEqual(keys.sort(), free);
  await assert.rejects(
    acquire('172.30.1.99'),
    (error) => error instanceof Failure && error.kind === 'pool-exhausted',
  );
}

/** What a node of this address asks the store for, if it has no data and no subnet from before. */
export function vxlanRequest(
  configuration: typeof network,
  publicIp: string,
): Parameters<typeof acquireLease>[1] {
  const attributes = {
    publicIp,
    publicIpv6: undefined,
    backendType: 'vxlan',
    backendData: undefined,
    backendV6Data: undefined,
  };
  return { configuration, attributes, ttlSeconds: 600, hint: undefined };
}

function judge(key: string, text: string): string {
  const decoded = decodeLease({ key, value: text, expiresAt: Date.now() + 600_000 });
  if (decoded.kind !== 'lease') return 'malformed';
  return checkPeer(decoded.lease, { ...vxlanRules, network }).kind;
}
