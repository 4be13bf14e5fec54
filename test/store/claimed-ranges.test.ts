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
import { muteStdout } from '../support/mute-stdout.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { assertIgnoredOccupy, vxlanRequest } from './ignored-ranges.ts';

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
  muteStdout(t);
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

test('a reservation counts as nobody, whatever families and addresses it has', () => {
  for (const [key, text, kind] of [
    ['10.60.0.64-26', '{"PublicIP":"172.30.0.9","PublicIPv6":null}', 'reserved'],
    ['10.60.0.64-26', '{"PublicIP":"172.30.0.9","BackendType":""}', 'reserved'],
    ['10.60.0.64-26&fd00:60:0:1::-64', '{"PublicIP":"172.30.0.9","PublicIPv6":"fd00:99::9"}', 'reserved'],
    ['0.0.0.0-0&fd00:60:0:1::-64', '{"PublicIP":"0.0.0.0","PublicIPv6":"fd00:99::9"}', 'reserved'],
    // A node writes its type into the lease that is reserved for it, and it is a peer then.
    ['10.60.0.64-26', value, 'peer'],
    ['10.60.0.64-26', '{"PublicIP":"172.30.0.9","BackendType":"host-gw"}', 'ignored'],
  ] as const) {
    const decoded = decodeLease({ key, value: text, expiresAt: undefined });
    assert.equal(decoded.kind, 'lease');
    const verdict = checkPeer(decoded.lease, {
      network: configuration,
      backendType: 'vxlan',
      backendData: { format: 'json', fields: [] },
      ownAddresses: [],
      allowOverlap: false,
      agreed: [],
      ownIdentities: [],
    });
    assert.equal(verdict.kind, kind, `${key} ${text}`);
  }
});

const dualStack = parseNetworkDocument({
  name: 'b',
  text: '{"Network":"10.60.0.0/24","SubnetLen":26,"EnableIPv6":true,"IPv6Network":"fd00:60::/56","Backend":{"Type":"vxlan"}}',
});

test('a node reserves the subnet that it holds, in each family', async (t) => {
  assert.equal(dualStack.kind, 'valid');
  muteStdout(t);
  const both = '{"PublicIP":"172.30.0.9","PublicIPv6":"fd00:99::9","BackendType":"vxlan"}';
  const ipv6 = '{"PublicIP":"0.0.0.0","PublicIPv6":"fd00:99::9","BackendType":"vxlan"}';
  for (const [key, held, subnets, addresses] of [
    ['10.60.0.64-26', value, '10.60.0.64/26', '172.30.0.9'],
    ['10.60.0.64-26&fd00:60:0:1::-64', both, '10.60.0.64/26,fd00:60:0:1::/64', '172.30.0.9,fd00:99::9'],
    ['0.0.0.0-0&fd00:60:0:1::-64', ipv6, 'fd00:60:0:1::/64', 'fd00:99::9'],
  ] as const) {
    const directory = temporaryDirectory(t);
    const store = await openFilesStore(directory);
    t.after(() => store.close());
    await store.create(key, held, 600);
    const choice = { kind: 'files', directory };
    await assert.rejects(
      reserveSubnet(choice, subnets, addresses.replace(/9$/, '8').replace('.9,', '.8,'), false),
      /is leased to/,
      key,
    );
    await reserveSubnet(choice, subnets, addresses, false);
    const [reserved] = (await store.list()).records;
    assert.deepEqual([reserved?.key, reserved?.value, reserved?.expiresAt], [key, held, undefined]);
  }
});

test('an entry that is not a lease, or cannot be read, keeps its range, and can be released', async (t) => {
  const directory = temporaryDirectory(t);
  const subnets = join(directory, 'subnets');
  await mkdir(subnets);
  for (const [name, text] of Object.entries(occupied)) await writeFile(join(subnets, name), text);
  const store = await openFilesStore(directory);
  t.after(() => store.close());
  const request = (publicIp: string) => vxlanRequest(configuration, publicIp);
  assert.equal((await acquireLease(store, request('172.30.0.1'))).record.key, '10.60.0.192-26');
  await assert.rejects(acquireLease(store, request('172.30.0.2')), /2 unreadable/);
  muteStdout(t);
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

test('a lease that is ignored or rejected still occupies its range in files', async (t) => {
  const directory = temporaryDirectory(t);
  const store = await openFilesStore(directory);
  t.after(() => store.close());
  await assertIgnoredOccupy(store, (key, text) => writeFile(join(directory, 'subnets', key), text));
});
