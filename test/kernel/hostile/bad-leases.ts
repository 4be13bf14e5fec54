import { attacks } from '../../../src/lab/plan/attacks.ts';
import type { Json } from '../../../src/lease/lease.ts';
import { encode, makeGood, ownKey, ownPublicIp, type DataForm, type RawLease } from './leases.ts';

/** Addresses that no peer can have. */
const badAddresses: readonly Json[] = [
  ...[null, 7, true, [], {}, '', ' ', 'a', '0.0.0.0', '0.1.2.3', '127.0.0.1', '224.0.0.1', '239.255.255.255'],
  ...['240.0.0.1', '255.255.255.255', '::1', 'fe80::1%eth0', '172.31.0.9/24'],
  ...['172.31.0', '0172.31.0.9', '0xac.31.0.9', '172.31.0.256', '2887712777', ' 172.31.0.9', '172.31.0.9 '],
  // Inside the overlay network.
  ...['10.49.0.9', '10.63.255.254'],
  ...['172.31.0.9;id', '172.31.0.9\nid', '$(id)', '`id`', '-1', '172.31.0.9\0', '１７２.31.0.9'],
];

/** Data that match the default pattern, and with which no peer can work. */
const zeroKey = `${'A'.repeat(43)}=`;
const badMacs = ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', 'FF:FF:FF:FF:FF:FF', '01:00:5e:00:00:01'];
const impossible: readonly string[] = [zeroKey, ...badMacs];

/** Data of a form that is not what any node may publish. */
function badData(form: DataForm, bait: string): readonly Json[] {
  const wrapped = attacks(bait).map(form.wrap);
  const odd: readonly Json[] = [
    null,
    7,
    -1,
    true,
    [],
    ['a'],
    [['a;id']],
    { toString: 'id' },
    { __proto__: 'a' },
  ];
  switch (form.name) {
    case 'text':
      return [
        ...wrapped,
        ...impossible,
        ...odd.filter((data) => data !== null),
        { Key: 'a;id' },
        { Key: 'weft' },
        deep(40),
      ];
    case 'json':
      return [
        ...wrapped,
        ...attacks(bait),
        ...odd,
        '{"Key":"weft","Port":1}',
        { Key: ['a;id'], Port: 1 },
        { Key: { a: 'id' }, Port: 1 },
        { Key: 'weft' },
        { Port: 1 },
        { Key: 'weft', Port: '1;id' },
        { Key: 'weft', Port: -1 },
        { Key: 'weft', Port: 1.5 },
        { Key: 'weft', Port: 1e21 },
        { key: 'weft', port: 1 },
        deep(40),
      ];
  }
}

function deep(levels: number): Json {
  return levels === 0 ? 'a;id' : { Key: deep(levels - 1) };
}

/** Data that say the sender is this node. The recipe for json publishes nothing of the kind. */
function ownData({ name }: DataForm): readonly Json[] {
  return name === 'text' ? [ownKey, `eu\n${ownKey}`] : [];
}

/** Values that are no lease at all, as bytes. */
function tornValues(bait: string): readonly Buffer[] {
  const invalid = Buffer.concat([
    Buffer.from('{"PublicIP":"172.31.0.9","BackendType":"extension","BackendData":"'),
    Buffer.from([0xff, 0xc0, 0x80]),
    Buffer.from(';id"}'),
  ]);
  const texts = [
    '{',
    'null',
    '[]',
    '7',
    `"$(touch ${bait}/torn)"`,
    `$(touch ${bait}/raw)`,
    '{"PublicIP":',
    '{}{}',
    '\0',
    '{"PublicIP":"172.31.0.9"} ; id',
  ];
  return [
    invalid,
    Buffer.from([0xff, 0xfe]),
    Buffer.alloc(70_000, 'a'),
    ...texts.map((text) => Buffer.from(text)),
  ];
}

/** Keys that take what is another's: a peer's, this node's, or everything. */
const overlappingKeys = [
  '10.48.0.0-12',
  '10.0.0.0-8',
  '10.49.0.0-25',
  '10.49.0.128-25',
  '10.49.0.0-16',
  '10.48.0.0-13',
  '10.60.0.0-16',
];

/** Keys that no peer can have. */
const badKeys = [
  ...['10.49.200.0-33', '10.49.200.0-32', '10.49.200.0-0', '0.0.0.0-0'],
  ...['192.168.0.0-24', '224.0.0.0-24', '0.0.0.0-24', '10.49.200.0', '010.49.200.0-24'],
  ...[
    '::ffff:10.49.200.0-120',
    'fe80::1%eth0-64',
    '10.49.200.0-24&fd00::-64x',
    '10.49.200.0-24;id',
    '$(id)',
    '`id`',
  ],
  ...['-rf', '--help', '10.49.200.0-24\nid', '10.49.200.0-24 id', '*', '~', '\u001b[2J', ' 10.49.200.0-24'],
];

interface BadLeases {
  readonly leases: readonly RawLease[];
  /** Those whose type, or whose key, is not one of this network's. */
  readonly foreign: readonly RawLease[];
  /** Those that take what a peer or this node has already: whoever came first stands. */
  readonly contested: readonly RawLease[];
  /** Those with this node's own key. A node does not start while another one has its key. */
  readonly twins: readonly RawLease[];
}

/** Every known way to be a lease that no command may be run for; `keyOf` gives each a subnet of its own. */
export function knownBad(form: DataForm, bait: string, keyOf: () => string): BadLeases {
  const good = () => ({ ...makeGood(form, 199), key: keyOf() });
  return {
    leases: [
      ...badData(form, bait).map((data) => encode({ ...good(), data })),
      ...badAddresses.map((PublicIP) => encode(good(), { PublicIP })),
      ...tornValues(bait).map((value) => ({ key: keyOf(), value })),
      ...attacks(bait).map((text) => encode(good(), { BackendData: form.wrap(text), [text]: text })),
    ],
    foreign: [
      ...attacks(bait).map((text) => encode(good(), { BackendType: `extension${text}` })),
      ...badKeys.map((key) => encode({ ...good(), key })),
    ],
    contested: [
      ...overlappingKeys.map((key) => encode({ ...good(), key })),
      encode({ ...good(), publicIp: ownPublicIp }),
    ],
    twins: ownData(form).map((data) => encode({ ...good(), data })),
  };
}
