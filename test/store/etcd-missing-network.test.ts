import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { layOutKeys } from '../../src/store/etcd/layout.ts';
import { suspectKeys } from '../../src/store/etcd/missing-network.ts';
import { openEtcdStore } from '../../src/store/etcd/store.ts';
import type { StoredNetworkPlace } from '../../src/store/store.ts';
import { Authority } from './etcd/certificates.ts';
import { ownLoopbackAddress } from './etcd/loopback.ts';
import { EtcdServer } from './etcd/server.ts';

const network = '{"Network":"10.50.0.0/16"}';
let server: EtcdServer;
let authority: Authority;
let files: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };

before(
  async () => {
    authority = await Authority.make();
    const address = ownLoopbackAddress();
    const identity = await authority.issue('etcd', [`IP:${address}`]);
    files = { ...identity, caFile: authority.caFile };
    server = await EtcdServer.start({ address, v2: true, tls: { ...files, asksClients: true } });
  },
  { timeout: 60_000 },
);
after(async () => {
  await server.destroy();
  authority.destroy();
});

/** What heddle says with this prefix, while etcd holds a value under a key. */
async function locate(prefix: string, key: string): Promise<StoredNetworkPlace> {
  const client = await server.client(undefined, files);
  await client.delete().all();
  await client.put(key).value(network);
  const store = await openEtcdStore({ endpoints: [server.endpoint], prefix, ...files });
  try {
    assert.equal(await store.readNetwork(), undefined);
    return (await store.locateNetwork?.()) ?? assert.fail();
  } finally {
    await store.close();
  }
}

for (const [what, prefix, key, cause] of [
  [
    'a prefix without its slash',
    'coreos.com/network',
    '/coreos.com/network/config',
    'the key /coreos.com/network/config exists: give --etcd-prefix /coreos.com/network, with its slash',
  ],
  [
    'a prefix with a slash too many',
    '/flannel',
    'flannel/config',
    'the key flannel/config exists: give --etcd-prefix flannel, without its slash',
  ],
  [
    'a prefix with /config at its end',
    '/coreos.com/network/config',
    '/coreos.com/network/config',
    'the key /coreos.com/network/config exists: give --etcd-prefix /coreos.com/network, because heddle itself appends /config',
  ],
  [
    'another prefix than the usual one',
    '/kube/network',
    '/coreos.com/network/config',
    'the key /coreos.com/network/config exists: give --etcd-prefix /coreos.com/network, or omit the option',
  ],
  ['nothing that can be seen', '/kube/network', '/somewhere/else', undefined],
] as const) {
  test(`a missing network configuration names its key, and the likely cause: ${what}`, async () => {
    assert.deepEqual(await locate(prefix, key), {
      place: `the key ${prefix}/config in the v3 API of etcd`,
      cause,
    });
  });
}

test('a value that only the v2 API holds is found, with certificates as for the v3 API', async () => {
  const prefix = '/coreos.com/old';
  const { request } = await import('node:https');
  const { readFileSync } = await import('node:fs');
  const [ca, cert, key] = [files.caFile, files.certFile, files.keyFile].map((file) => readFileSync(file));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(
      `${server.endpoint}/v2/keys${prefix}/config`,
      { ca, cert, key, method: 'PUT', headers },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    )
      .on('error', reject)
      .end(new URLSearchParams({ value: network }).toString());
  });
  assert.equal(status, 201);
  const { place, cause } = await locate(prefix, '/somewhere/else');
  assert.equal(place, `the key ${prefix}/config in the v3 API of etcd`);
  assert.match(
    cause ?? '',
    /^the v2 API of this etcd holds \/coreos\.com\/old\/config, but heddle .* read the v3 API: /,
  );
});

test('no key is suspected twice, nor the one that is read', () => {
  for (const prefix of [
    '/coreos.com/network',
    'coreos.com/network',
    '/coreos.com/network/config',
    '/x',
    'x/config',
  ]) {
    const layout = layOutKeys(prefix);
    const keys = suspectKeys(layout).map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length, prefix);
    assert.ok(!keys.includes(layout.config), prefix);
  }
});
