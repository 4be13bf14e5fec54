import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataWords } from '../../../src/lab/plan/data-words.ts';
import { withFamilies } from '../../../src/lab/plan/family-variants.ts';
import { hostileLeases } from '../../../src/lab/plan/hostile-leases.ts';
import { checkPeer } from '../../../src/lease/check-peer.ts';
import { decodeLease } from '../../../src/lease/wire.ts';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import { readFileSync } from 'node:fs';

const origins = [
  { recipe: 'vxlan', data: { VNI: 1, VtepMAC: '02:00:00:00:00:02' } },
  { recipe: 'host-gw', data: undefined },
] as const;

const cases = origins.flatMap((origin) =>
  (['IPv4', 'IPv6'] as const).map((family) => ({ ...origin, family })),
);

for (const { recipe: name, data, family } of cases) {
  test(`no hostile lease made of a good one of ${name} with ${family} becomes a peer, and each has a key of its own`, () => {
    const file = new URL(`../../../recipes/${name}.json`, import.meta.url);
    const isIpv4 = family === 'IPv4';
    // The recipe's own document has IPv4.
    const text = withFamilies(readFileSync(file, 'utf8'), { ipv4: true, ipv6: undefined }, family);
    const read = parseRecipe({ name, text }, name);
    assert.equal(read.kind, 'valid');
    const { network, backendType, backendData } = read.value;
    const good = {
      key: isIpv4 ? '10.50.7.0-24' : '0.0.0.0-0&fd00:686c:0:7::-64',
      text: JSON.stringify({
        PublicIP: isIpv4 ? '192.0.2.2' : '0.0.0.0',
        PublicIPv6: isIpv4 ? null : '2001:db8:7::2',
        BackendType: backendType,
        [isIpv4 ? 'BackendData' : 'BackendV6Data']: data,
      }),
    };
    const rules = {
      network,
      backendType,
      backendData,
      agreed: [],
      ownAddresses: ['192.0.2.1'],
      allowOverlap: false,
      ownIdentities: [],
    };
    const judge = ({ key, text }: { readonly key: string; readonly text: string }): string => {
      const decoded = decodeLease({ key, value: text, expiresAt: 1 });
      return decoded.kind === 'malformed' ? decoded.kind : checkPeer(decoded.lease, rules).kind;
    };
    assert.equal(judge(good), 'peer');
    const leases = hostileLeases({
      good,
      network,
      taken: [good.key],
      ownAddress: '192.0.2.1',
      bait: '/run/bait',
    });
    assert.ok(leases.length > 60, String(leases.length));
    assert.equal(new Set(leases.map(({ key }) => key)).size, leases.length);
    assert.ok(!leases.some(({ key }) => key === good.key));
    for (const lease of leases) assert.notEqual(judge(lease), 'peer', JSON.stringify(lease));
  });
}

test('a network with few subnets gets as many hostile leases as there are free subnets', () => {
  const text = '{"Network":"10.9.0.0/24","SubnetLen":30,"Backend":{"Type":"extension"}}';
  const read = parseRecipe({ name: 'small.json', text }, 'small');
  assert.equal(read.kind, 'valid');
  const good = { key: '10.9.0.4-30', text: '{"PublicIP":"192.0.2.2","BackendType":"extension"}' };
  const leases = hostileLeases({
    good,
    network: read.value.network,
    taken: [],
    ownAddress: '192.0.2.1',
    bait: '/run/bait',
  });
  assert.equal(new Set(leases.map(({ key }) => key)).size, leases.length);
  assert.ok(leases.length < 64);
});

test('the texts of backend data identify a node, short ones do not', () => {
  assert.deepEqual(dataWords('{"BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:02","Mode":"udp"}}'), [
    '02:00:00:00:00:02',
  ]);
  assert.deepEqual(dataWords('{"BackendData":"first-key\\nx\\nother-key","BackendV6Data":["deep-word"]}'), [
    'first-key',
    'other-key',
    'deep-word',
  ]);
  assert.deepEqual(dataWords('{"BackendData":null}'), []);
});
