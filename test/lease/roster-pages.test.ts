import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PeerRules } from '../../src/lease/check-peer.ts';
import type { Peer } from '../../src/lease/lease.ts';
import { keyOf, type LeaseReading } from '../../src/lease/open-list.ts';
import { Roster, type RosterChange } from '../../src/lease/roster.ts';
import { decodeLease, encodeAttributes, leaseKey, parseLeaseKey } from '../../src/lease/wire.ts';
import { cidr, dualStack, textRules } from './fixtures.ts';

const rules: PeerRules = { ...textRules, network: dualStack };
const own = {
  key: '10.50.1.0-24&2001:cafe:42:1::-64',
  subnets: { ipv4: cidr('10.50.1.0/24'), ipv6: cidr('2001:cafe:42:1::/64') },
};

/** Few subnets, so that leases overlap: usual ones of the same subnet in either family, wide ones, and a key with host bits. */
const ipv4 = fc.oneof(
  { weight: 8, arbitrary: fc.nat(4).map((n) => `10.50.${n + 1}.0-24`) },
  { weight: 1, arbitrary: fc.nat(4).map((n) => `10.50.${n + 1}.7-24`) },
  { weight: 1, arbitrary: fc.constantFrom('10.50.2.0-23', '10.50.0.0-21', '10.50.3.128-25', '10.60.1.0-24') },
);
const ipv6 = fc.oneof(
  { weight: 8, arbitrary: fc.nat(4).map((n) => `2001:cafe:42:${n + 1}::-64`) },
  { weight: 1, arbitrary: fc.constantFrom('2001:cafe:42::-60', '2001:cafe:42:2:8000::-65') },
);
const key = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(ipv4, ipv6).map((parts) => parts.join('&')) },
  { weight: 1, arbitrary: ipv4 },
);
const value = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ node: fc.nat(5), type: fc.nat(9), data: fc.nat(9) }).map(({ node, type, data }) =>
      encodeAttributes({
        publicIp: `172.30.0.${node + 1}`,
        publicIpv6: `2001:db8::${node + 1}`,
        backendType: type === 0 ? 'host-gw' : type === 1 ? '' : 'extension',
        backendData: data === 0 ? 'a b' : `02:42:ac:11:00:0${Math.min(data, 5)}`,
        backendV6Data: undefined,
      }),
    ),
  },
  { weight: 1, arbitrary: fc.constant('torn') },
);

const reading = fc.tuple(key, value).map(([at, text]): LeaseReading => {
  const decoded = decodeLease({ key: at, value: text, expiresAt: 1 });
  return decoded.kind === 'lease' ? decoded : { ...decoded, key: at };
});
const readings = fc.uniqueArray(reading, { selector: keyOf, maxLength: 9 });
const kept = fc.uniqueArray(key, { maxLength: 2 });

/** A happening in the store or in the daemon. */
type Step =
  | { readonly do: 'put'; readonly read: LeaseReading }
  | { readonly do: 'delete'; readonly key: string }
  | {
      readonly do: 'list';
      /** Lists that begin, and then begin again before their end, with what the store has then. */
      readonly overtaken: readonly {
        readonly leases: readonly LeaseReading[];
        readonly sizes: readonly number[];
      }[];
      readonly leases: readonly LeaseReading[];
      readonly sizes: readonly number[];
      readonly kept: readonly string[];
    };

const sizes = fc.array(fc.nat(4), { maxLength: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), read: reading }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({
    do: fc.constant('list' as const),
    overtaken: fc.array(fc.record({ leases: readings, sizes }), { maxLength: 1 }),
    leases: readings,
    sizes,
    kept,
  }),
);

const earlierPeers = fc.array(key, { maxLength: 3 }).map((keys) =>
  [...new Set(keys)].map((at): Peer => {
    const { ipv4: four } = parseLeaseKey(at) ?? {};
    const subnet = four === undefined ? undefined : (at.split('&')[0] ?? '').replace('-', '/');
    const publicIp = `172.30.0.${at.length % 5}`;
    return {
      key: at,
      subnet,
      ipv6Subnet: undefined,
      publicIp,
      publicIpv6: undefined,
      stdin: `${at}\n`,
      fields: {},
    };
  }),
);

/** Everything that a roster says of the leases, without the order in which they came. */
function describe(roster: Roster): object {
  const sorted = <T>(items: Iterable<T>): string[] => [...items].map((item) => JSON.stringify(item)).sort();
  const sharing = roster.sharedAddresses.map(({ address, keys }) => [address, ...keys.toSorted()]);
  const identities = roster.sharedIdentities.map(({ identity, peers }) => [
    identity.value,
    ...peers.map((peer) => peer.key).sort(),
  ]);
  const claims = roster.ownClaims.map(({ claim, keys }) => [claim, ...keys.toSorted()]);
  return {
    peers: sorted(roster.peers),
    rejections: sorted(roster.rejections),
    counts: roster.counts,
    shared: sorted(sharing),
    identities: sorted(identities),
    claims: sorted(claims),
    unreachable: sorted(roster.unreachable.flatMap(({ leases }) => leases)),
  };
}

function tell(change: RosterChange): string {
  if (change.kind === 'put') return `put ${JSON.stringify(change.peer)}`;
  if (change.kind === 'shared-address') return `shared ${change.address} ${change.keys.toSorted().join(' ')}`;
  return JSON.stringify(change);
}

/** Cuts a list into pages of these sizes, and one more for the rest. */
function cut<T>(items: readonly T[], pageSizes: readonly number[]): readonly (readonly T[])[] {
  const pages: (readonly T[])[] = [];
  let at = 0;
  for (const size of pageSizes) pages.push(items.slice(at, (at += size)));
  return [...pages, items.slice(at)];
}

/** Reads a list in pages. The roster that reads lists at once gets what a list without an end has brought as single changes. */
function takeList(paged: Roster, whole: Roster, list: Extract<Step, { do: 'list' }>): void {
  for (const { leases, sizes: pageSizes } of list.overtaken) {
    paged.beginList();
    const brought = new Map<string, Peer>();
    for (const page of cut(leases, pageSizes).slice(0, -1))
      for (const peer of paged.takePage(page)) brought.set(peer.key, peer);
    for (const lease of leases) if (brought.has(keyOf(lease))) whole.put(lease);
  }
  paged.beginList();
  const early: Peer[] = [];
  for (const page of cut(list.leases, list.sizes)) early.push(...paged.takePage(page));
  const changes = paged.endList(new Set(list.kept));
  const expected = whole.replaceAll(list.leases, new Set(list.kept));
  for (const peer of early)
    assert.deepEqual(
      paged.peers.find((each) => each.key === peer.key),
      peer,
      'what was applied before the end of the list is right at its end',
    );
  if (list.overtaken.length > 0) return;
  assert.deepEqual(reports(paged, changes), reports(whole, expected));
}

/** What an operator hears of a list: which leases are rejected at its end for a new reason, and which addresses are shared since. */
function reports(roster: Roster, changes: readonly RosterChange[]): readonly string[] {
  const told = changes.filter((change) => {
    if (change.kind === 'rejected') return roster.rejections.get(change.key) === change.because;
    return change.kind === 'shared-address';
  });
  return [...new Set(told.map(tell))].sort();
}

test('a list that comes in pages ends as one that comes at once, wherever it is cut and whatever was before', () => {
  fc.assert(
    fc.property(earlierPeers, fc.array(step, { maxLength: 6 }), (earlier, steps) => {
      const paged = new Roster(rules, own, earlier);
      const whole = new Roster(rules, own, earlier);
      // A node knows its store from a list first.
      const first = { do: 'list', overtaken: [], leases: [], sizes: [], kept: [] } as const;
      for (const each of steps[0]?.do === 'list' ? steps : [first, ...steps]) {
        if (each.do === 'list') takeList(paged, whole, each);
        for (const roster of [paged, whole]) {
          if (each.do === 'put') roster.put(each.read);
          if (each.do === 'delete') roster.delete(each.key);
        }
        assert.deepEqual(describe(paged), describe(whole));
      }
    }),
    { numRuns: 3000, ...(process.env['CI'] !== undefined && { seed: 17 }) },
  );
});

const at = (subnet: string, node: number): LeaseReading => {
  const subnets = { ipv4: cidr(subnet), ipv6: undefined };
  const publicIp = `172.30.0.${node}`;
  const attributes = { publicIp, publicIpv6: undefined, backendType: 'extension', backendV6Data: undefined };
  return {
    kind: 'lease',
    lease: {
      key: leaseKey(subnets),
      subnets,
      attributes: { ...attributes, backendData: `data-${node}` },
      expiresAt: 1,
    },
  };
};
const ownOfOneFamily = { key: '10.50.1.0-24', subnets: { ipv4: cidr('10.50.1.0/24'), ipv6: undefined } };
const keys = (peers: readonly { readonly key: string }[]): string[] => peers.map((peer) => peer.key);

test('a page hands over the peers that no later page can change', () => {
  const roster = new Roster(textRules, ownOfOneFamily);
  roster.replaceAll([at('10.50.4.0/24', 4), at('10.50.16.0/20', 5)]);
  roster.beginList();
  assert.deepEqual(keys(roster.takePage([at('10.50.4.0/24', 4), at('10.50.6.0/24', 6)])), [
    '10.50.4.0-24',
    '10.50.6.0-24',
  ]);
  // The wide lease, which covers it, may be gone.
  assert.deepEqual(keys(roster.takePage([at('10.50.17.0/24', 7), at('10.50.32.0/20', 8)])), []);
  assert.deepEqual(keys(roster.takePage([at('10.50.33.0/24', 9)])), ['10.50.33.0-24']);
  assert.deepEqual(roster.endList().map(tell), [
    '{"kind":"delete","key":"10.50.16.0-20"}',
    `put ${JSON.stringify(roster.peers.find((peer) => peer.key === '10.50.17.0-24'))}`,
    '{"kind":"rejected","key":"10.50.32.0-20","because":"its subnet overlaps the lease 10.50.33.0-24"}',
  ]);
});

test('a list that begins again forgets its pages, and a lease of them that is gone is dropped', () => {
  const roster = new Roster(textRules, ownOfOneFamily);
  roster.beginList();
  roster.takePage([at('10.50.4.0/24', 4), at('10.50.5.0/24', 5)]);
  roster.beginList();
  roster.takePage([at('10.50.5.0/24', 5)]);
  assert.deepEqual(roster.endList().map(tell), ['{"kind":"delete","key":"10.50.4.0-24"}']);
  assert.deepEqual(keys(roster.peers), ['10.50.5.0-24']);
});

test('a node that has moved is not said to share its address with its old lease while a list is read', () => {
  const roster = new Roster(textRules, ownOfOneFamily);
  roster.replaceAll([at('10.50.4.0/24', 4), at('10.50.9.0/24', 9)]);
  roster.beginList();
  roster.takePage([at('10.50.5.0/24', 4)]);
  assert.deepEqual(roster.delete('10.50.9.0-24').map(tell), ['{"kind":"delete","key":"10.50.9.0-24"}']);
  assert.deepEqual(roster.endList().map(tell), ['{"kind":"delete","key":"10.50.4.0-24"}']);
});

test("a peer that takes the subnet of an earlier daemon's peer waits for the end of the list", () => {
  const old = { key: '10.50.4.7-24', subnet: '10.50.4.0/24', ipv6Subnet: undefined };
  const peer: Peer = { ...old, publicIp: '172.30.0.4', publicIpv6: undefined, stdin: 'data-4\n', fields: {} };
  const roster = new Roster(textRules, ownOfOneFamily, [peer]);
  roster.beginList();
  assert.deepEqual(keys(roster.takePage([at('10.50.4.0/24', 5), at('10.50.6.0/24', 6)])), ['10.50.6.0-24']);
  roster.endList();
  assert.deepEqual(keys(roster.peers), ['10.50.6.0-24', '10.50.4.0-24']);
});
