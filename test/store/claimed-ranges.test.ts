import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { releaseSubnet, reserveSubnet } from '../../src/cli/leases/run-leases-change.ts';
import { checkPeer } from '../../src/lease/check-peer.ts';
import { decodeLease } from '../../src/lease/wire.ts';
import { parseNetworkDocument } from '../../src/recipe/read/network-document.ts';
import { acquireLease } from '../../src/store/acquire-lease.ts';
import { openFilesStore } from '../../src/store/files/store.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const checked = parseNetworkDocument({
  name: 'a',
  text: '{"Network":"10.60.0.0/24","SubnetLen":26,"Backend":{"Type":"vxlan"}}',
});
assert.equal(checked.kind, 'valid');
const configuration = checked.value.network;

const value = '{"PublicIP":"172.30.0.9","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1}}';
const occupied: Readonly<Record<string, string>> = {
  '10.60.0.70-32': value,
  '10.60.0.130-26': 'torn',
};

test('a reservation is not a lease of another type', () => {
  const rules = {
    network: configuration,
    backendType: 'vxlan',
    backendData: { format: 'text', pattern: undefined },
    ownAddresses: [],
    allowOverlap: false,
    agreed: [],
    ownIdentities: [],
  } as const;
  const verdict = (expiresAt: number | undefined) => {
    const text = '{"PublicIP":"172.30.0.9"}';
    const decoded = decodeLease({ key: '10.60.0.64-26', value: text, expiresAt });
    assert.equal(decoded.kind, 'lease');
    return checkPeer(decoded.lease, rules).kind;
  };
  assert.deepEqual([verdict(undefined), verdict(1_700_000_000_000)], ['reserved', 'ignored']);
});

test('the lease that a node holds becomes its reservation, and stays one when it is renewed', async (t) => {
  const directory = temporaryDirectory(t);
  const store = await openFilesStore(directory);
  t.after(() => store.close());
  const leased = await store.create('10.60.0.64-26', value, 600);
  assert.ok(leased !== 'taken');
  t.mock.method(process.stdout, 'write', () => true);
  const choice = { kind: 'files', directory };
  await assert.rejects(
    reserveSubnet(choice, '10.60.0.64/26', '172.30.0.8', false),
    /leased to 172\.30\.0\.9/,
  );
  await reserveSubnet(choice, '10.60.0.64/26', '172.30.0.9', false);
  const [reserved] = (await store.list()).records;
  assert.ok(reserved);
  assert.deepEqual([reserved.value, reserved.expiresAt], [value, undefined]);
  assert.equal(await store.replace(leased, value, 600), 'gone');
  const renewed = await store.replace(reserved, value, 600);
  assert.ok(renewed !== 'gone' && renewed.expiresAt === undefined);
});

test('an entry that is not a lease, or cannot be read, keeps its range, and can be released', async (t) => {
  const directory = temporaryDirectory(t);
  const subnets = join(directory, 'subnets');
  await mkdir(subnets);
  for (const [name, text] of Object.entries(occupied)) await writeFile(join(subnets, name), text);
  const store = await openFilesStore(directory);
  t.after(() => store.close());
  const request = (publicIp: string) => ({
    configuration,
    attributes: {
      publicIp,
      publicIpv6: undefined,
      backendType: 'vxlan',
      backendData: undefined,
      backendV6Data: undefined,
    },
    ttlSeconds: 600,
    hint: undefined,
  });
  assert.equal((await acquireLease(store, request('172.30.0.1'))).record.key, '10.60.0.192-26');
  await assert.rejects(acquireLease(store, request('172.30.0.2')), /2 unreadable/);
  t.mock.method(process.stdout, 'write', () => true);
  const choice = { kind: 'files', directory };
  await releaseSubnet(choice, '10.60.0.70/32', false);
  await releaseSubnet(choice, '10.60.0.130-26', true);
  assert.deepEqual(
    (await readdir(subnets)).filter((name) => name in occupied),
    [],
  );
  await assert.rejects(
    releaseSubnet(choice, '10.60.0.70-32', false),
    /does not have a lease|is not a subnet/,
  );
  await assert.rejects(releaseSubnet(choice, '../config', false), /is not a subnet/);
  assert.equal((await acquireLease(store, request('172.30.0.2'))).record.key.startsWith('10.60.0.'), true);
});
