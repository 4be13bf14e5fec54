import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabPlace } from '../../../../src/lab/process/places.ts';
import { readFacts, type Facts } from '../../../../src/lab/trace/facts.ts';
import { walkPacket, type Answer, type Question, type Walk } from '../../../../src/lab/trace/walk/walk.ts';

const place = (name: string, kind: LabPlace['kind'], addresses: readonly string[]): LabPlace => ({
  name,
  kind,
  node: name.replace('-pod', ''),
  addresses,
});

const places = [
  place('node1', 'host', ['172.30.0.1']),
  place('node1-pod', 'pod', ['10.50.1.2']),
  place('node2', 'host', ['172.30.0.2']),
  place('node2-pod', 'pod', ['10.50.2.2']),
  place('node3', 'host', ['172.30.0.3']),
  place('underlay', 'underlay', []),
];

interface Device {
  readonly name: string;
  readonly mac: string;
  readonly address?: string;
  readonly mtu?: number;
  readonly kind?: string;
  readonly data?: object;
  readonly master?: string;
}

/** The output of the script in a namespace with these devices and entries. */
function facts(devices: readonly Device[], more: Readonly<Record<string, readonly object[]>> = {}): Facts {
  const links = devices.map(({ name, mac, mtu = 1500, kind, data, master }, index) => ({
    ifindex: index + 1,
    ifname: name,
    flags: ['UP', 'LOWER_UP'],
    mtu,
    address: mac,
    ...(master === undefined ? {} : { master }),
    ...(kind === undefined ? {} : { linkinfo: { info_kind: kind, info_data: data ?? {} } }),
  }));
  const addresses = devices.map(({ name, address }) => ({
    ifname: name,
    addr_info: address === undefined ? [] : [{ local: address }],
  }));
  const sections = { link: links, address: addresses, ...more };
  return readFacts(
    Object.entries(sections)
      .map(([name, items]) => `# ${name}\n${JSON.stringify(items)}\n`)
      .join(''),
  );
}

function node(number: 1 | 2 | 3, more: Readonly<Record<string, readonly object[]>> = {}): Facts {
  return facts(
    [
      { name: 'eth0', mac: `aa:00:00:00:00:0${number}`, address: `172.30.0.${number}`, kind: 'veth' },
      {
        name: 'flannel.1',
        mac: `02:00:00:00:00:0${number}`,
        address: `10.50.${number}.0`,
        mtu: 1450,
        kind: 'vxlan',
        data: { id: 1, port: 8472, local: `172.30.0.${number}` },
      },
      {
        name: 'cbr0',
        mac: `cc:00:00:00:00:0${number}`,
        address: `10.50.${number}.1`,
        mtu: 1450,
        kind: 'bridge',
      },
    ],
    more,
  );
}

function pod(number: 1 | 2): Facts {
  return facts([
    {
      name: 'eth0',
      mac: `ee:00:00:00:00:0${number}`,
      address: `10.50.${number}.2`,
      mtu: 1450,
      kind: 'veth',
    },
  ]);
}

const neighbour = [{ dst: '10.50.2.0', dev: 'flannel.1', lladdr: '02:00:00:00:00:02', state: ['PERMANENT'] }];
const fdb = [{ mac: '02:00:00:00:00:02', ifname: 'flannel.1', dst: '172.30.0.2', state: 'permanent' }];

const underlay = facts([
  { name: 'underlay', mac: 'bb:00:00:00:00:00', kind: 'bridge' },
  { name: 'node1', mac: 'bb:00:00:00:00:01', kind: 'veth', master: 'underlay' },
  { name: 'node2', mac: 'bb:00:00:00:00:02', kind: 'veth', master: 'underlay' },
]);

const good: Readonly<Record<string, Facts>> = {
  node1: node(1, { neighbour, fdb }),
  'node1-pod': pod(1),
  node2: node(2),
  'node2-pod': pod(2),
  node3: node(3),
  underlay,
};

/** The routes of the places: a destination's prefix, and the way. */
const routes: Readonly<
  Record<string, readonly (readonly [prefix: string, device: string, gateway?: string])[]>
> = {
  'node1-pod': [['', 'eth0', '10.50.1.1']],
  node1: [
    ['10.50.2.', 'flannel.1', '10.50.2.0'],
    ['172.30.0.', 'eth0'],
  ],
  node2: [['10.50.2.', 'cbr0']],
};

function answer(world: Readonly<Record<string, Facts>>, question: Question): Answer {
  if (question.ask === 'facts') {
    const found = world[question.place];
    assert.ok(found, question.place);
    return { answer: 'facts', facts: found };
  }
  const route = routes[question.place]?.find(([prefix]) => question.destination.startsWith(prefix));
  if (route === undefined) return { answer: 'no-route', because: 'Network is unreachable' };
  const [prefix, device, gateway] = route;
  return {
    answer: 'route',
    route: {
      text: `${prefix}0/24 dev ${device}`,
      device,
      gateway,
      table: 'main',
      source: '10.50.1.2',
      type: 'unicast',
    },
  };
}

function walk(changes: Readonly<Record<string, Facts>> = {}, size = 112): Walk {
  const [, from, , to] = places;
  assert.ok(from && to);
  const steps = walkPacket({ places, from, to, source: undefined, destination: '10.50.2.2', size });
  let step = steps.next();
  while (!step.done) step = steps.next(answer({ ...good, ...changes }, step.value));
  return step.value;
}

test('a walk leads through the overlay and the switch to the pod', () => {
  const { steps, suspicions, arrives, source } = walk();
  assert.deepEqual(
    steps.map((step) => [step.place, step.arrives, step.leaves]),
    [
      ['node1-pod', null, 'eth0'],
      ['node1', 'cbr0', 'eth0'],
      ['underlay', 'node1', 'node2'],
      ['node2', 'eth0', 'cbr0'],
      ['node2-pod', 'eth0', null],
    ],
  );
  assert.deepEqual(suspicions, []);
  assert.ok(arrives);
  assert.equal(source, '10.50.1.2');
});

function onlySuspicion({ suspicions }: Walk): string {
  assert.equal(suspicions.length, 1, JSON.stringify(suspicions));
  const [first] = suspicions;
  return `${first?.place ?? ''}: ${first?.entry ?? ''}: ${first?.repairs ?? ''}`;
}

test('a missing neighbour is suspected, and its repair has the MAC of the peer', () => {
  const broken = walk({ node1: node(1, { fdb }) });
  assert.ok(!broken.arrives);
  assert.equal(
    onlySuspicion(broken),
    'node1: neighbour: ip neigh replace 10.50.2.0 lladdr 02:00:00:00:00:02 dev flannel.1 nud permanent',
  );
});

test('a neighbour with the MAC of another device is suspected', () => {
  const wrong = [{ ...neighbour[0], lladdr: '02:00:00:00:00:03' }];
  const entries = [{ ...fdb[0], mac: '02:00:00:00:00:03' }];
  assert.match(
    onlySuspicion(walk({ node1: node(1, { neighbour: wrong, fdb: entries }) })),
    /^node1: neighbour: /,
  );
});

test('a missing FDB entry is suspected, and its repair has the host of the peer', () => {
  assert.equal(
    onlySuspicion(walk({ node1: node(1, { neighbour }) })),
    'node1: fdb: bridge fdb replace 02:00:00:00:00:02 dev flannel.1 dst 172.30.0.2 self permanent',
  );
});

test('an FDB entry that leads to another node, or to nobody, is suspected on the sender', () => {
  for (const dst of ['172.30.0.3', '172.30.0.99']) {
    const { suspicions, arrives } = walk({ node1: node(1, { neighbour, fdb: [{ ...fdb[0], dst }] }) });
    assert.ok(!arrives);
    const [first] = suspicions;
    assert.deepEqual([first?.place, first?.entry, first?.stops], ['node1', 'fdb', false]);
    assert.match(
      first?.what ?? '',
      new RegExp(`to ${dst.replaceAll('.', '\\.')}, which .*, but 10\\.50\\.2\\.2 is on node2`),
    );
  }
});

test('a packet larger than a link is suspected at that link', () => {
  const small = facts([
    { name: 'underlay', mac: 'bb:00:00:00:00:00', kind: 'bridge' },
    { name: 'node1', mac: 'bb:00:00:00:00:01', kind: 'veth', master: 'underlay', mtu: 1400 },
    { name: 'node2', mac: 'bb:00:00:00:00:02', kind: 'veth', master: 'underlay' },
  ]);
  assert.equal(
    onlySuspicion(walk({ underlay: small }, 1450)),
    'underlay: mtu: ip link set dev node1 mtu 1500',
  );
  assert.deepEqual(walk({ underlay: small }, 1350).suspicions, []);
});

test('a walk in a circle ends', () => {
  const circle = {
    ...good,
    node2: facts([{ name: 'eth0', mac: 'aa:00:00:00:00:02', address: '172.30.0.2' }]),
  };
  const [from, , , to] = places;
  assert.ok(from && to);
  const steps = walkPacket({ places, from, to, source: undefined, destination: '10.50.2.2', size: 112 });
  let step = steps.next();
  while (!step.done) {
    const question = step.value;
    const there = question.place === 'node1' ? '172.30.0.2' : '172.30.0.1';
    const route = {
      text: '',
      device: 'eth0',
      gateway: there,
      table: 'main',
      source: undefined,
      type: 'unicast',
    };
    step = steps.next(question.ask === 'facts' ? answer(circle, question) : { answer: 'route', route });
  }
  assert.ok(!step.value.arrives);
  assert.ok(step.value.steps.length <= 26);
});

test('a walk leads through a router that forwards to a node behind NAT, and over both segments', () => {
  const nat = { interface: 'eth0', addresses: [{ outside: '172.30.0.254', inside: '192.168.1.2' }] };
  const behindNat: readonly LabPlace[] = [
    ...places.filter(({ name }) => name !== 'node2'),
    { ...place('node2', 'host', ['192.168.1.2']), publicAddresses: ['172.30.0.254'] },
    { ...place('box', 'host', ['172.30.0.254', '192.168.1.254']), nat },
  ];
  const veth = (name: string, mac: string, address: string): Device => ({ name, mac, address, kind: 'veth' });
  const port = (name: string, master: string): Device => ({
    name,
    mac: 'bb:00:00:00:00:01',
    kind: 'veth',
    master,
  });
  const world: Readonly<Record<string, Facts>> = {
    ...good,
    node1: node(1, { neighbour, fdb: [{ ...fdb[0], dst: '172.30.0.254' }] }),
    box: facts([
      veth('eth0', 'aa:00:00:00:00:10', '172.30.0.254'),
      veth('eth1', 'aa:00:00:00:00:11', '192.168.1.254'),
    ]),
    node2: facts([
      veth('eth0', 'aa:00:00:00:00:02', '192.168.1.2'),
      {
        name: 'flannel.1',
        mac: '02:00:00:00:00:02',
        address: '10.50.2.0',
        kind: 'vxlan',
        data: { id: 1, port: 8472, local: '192.168.1.2' },
      },
      { name: 'cbr0', mac: 'cc:00:00:00:00:02', address: '10.50.2.1', kind: 'bridge' },
    ]),
    underlay: facts([
      port('node1', 'net'),
      port('box', 'net'),
      port('box.eth1', 'home'),
      port('node2', 'home'),
    ]),
  };
  const from = behindNat.find(({ name }) => name === 'node1-pod');
  const to = behindNat.find(({ name }) => name === 'node2-pod');
  assert.ok(from && to);
  const request = { places: behindNat, from, to, source: undefined, destination: '10.50.2.2', size: 112 };
  const steps = walkPacket(request);
  let step = steps.next();
  while (!step.done) {
    const question = step.value;
    const isAtBox = question.ask === 'route' && question.place === 'box';
    const route = {
      text: '',
      device: 'eth1',
      gateway: undefined,
      table: 'main',
      source: undefined,
      type: 'unicast',
    };
    step = steps.next(isAtBox ? { answer: 'route', route } : answer(world, question));
  }
  const { suspicions, arrives } = step.value;
  assert.deepEqual(
    step.value.steps.map((each) => [each.place, each.arrives, each.leaves]),
    [
      ['node1-pod', null, 'eth0'],
      ['node1', 'cbr0', 'eth0'],
      ['underlay', 'node1', 'box'],
      ['box', 'eth0', 'eth1'],
      ['underlay', 'box.eth1', 'node2'],
      ['node2', 'eth0', 'cbr0'],
      ['node2-pod', 'eth0', null],
    ],
  );
  const lookUps = step.value.steps[3]?.lookUps.map(({ table, found }) => `${table}: ${found}`);
  assert.equal(lookUps?.[0], 'nat: box forwards 172.30.0.254 to 192.168.1.2');
  assert.deepEqual(suspicions, []);
  assert.ok(arrives);
});
