import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareStates,
  describeDifference,
  inDeletionOrder,
  isSame,
  mentioning,
  type KernelState,
} from '../../../src/lab/plan/kernel/kernel-state.ts';
import { readState, stateScript } from '../../../src/lab/plan/kernel/read-state.ts';

/** The output of programs, by their sections, as the script prints it. */
function stateOf(sections: Readonly<Record<string, unknown>>): KernelState {
  const text = Object.entries(sections).map(
    ([name, output]) =>
      `\n#section ${name}\n${typeof output === 'string' ? output : JSON.stringify(output)}\n`,
  );
  return readState(text.join(''));
}

const vxlan = {
  ifname: 'ov0',
  ifindex: 4,
  flags: ['BROADCAST', 'UP', 'LOWER_UP'],
  mtu: 1450,
  operstate: 'UNKNOWN',
  address: '02:00:00:00:00:01',
  linkinfo: { info_kind: 'vxlan', info_data: { id: 7, local: '192.0.2.1' } },
};
const route = { dst: '10.50.2.0/24', gateway: '10.50.2.0', dev: 'ov0', metric: 7, flags: ['onlink'] };
const neighbour = { dst: '10.50.2.0', dev: 'ov0', lladdr: '02:00:00:00:00:02', state: ['PERMANENT'] };
const entry = {
  mac: '02:00:00:00:00:02',
  ifname: 'ov0',
  dst: '192.0.2.2',
  flags: ['self'],
  state: 'permanent',
};
const rule = (handle: number, packets: number): object => ({
  rule: {
    family: 'ip',
    table: 'mine',
    chain: 'post',
    handle,
    expr: [{ counter: { packets, bytes: packets * 9 } }, { accept: null }],
  },
});

test('what an add makes is the difference of two states, and each object has the command that deletes it', () => {
  const before = stateOf({ link: [vxlan], route: [], neighbour: [], fdb: [] });
  const after = stateOf({ link: [vxlan], route: [route], neighbour: [neighbour], fdb: [entry] });
  const made = compareStates(before, after);
  assert.deepEqual(made.removed, []);
  assert.deepEqual(
    inDeletionOrder(made.added).map(({ kind, remove }) => [kind, remove.join(' ')]),
    [
      ['route', 'ip -4 route delete 10.50.2.0/24 via 10.50.2.0 dev ov0 metric 7'],
      ['neighbour', 'ip neighbour delete 10.50.2.0 dev ov0'],
      ['fdb entry', 'bridge fdb delete 02:00:00:00:00:02 dev ov0 dst 192.0.2.2 self'],
    ],
  );
  assert.equal(
    describeDifference(compareStates(after, before)),
    'lacks the route 10.50.2.0/24 via 10.50.2.0 dev ov0 metric 7, the neighbour 10.50.2.0 at 02:00:00:00:00:02 on ov0, the fdb entry 02:00:00:00:00:02 dst 192.0.2.2 on ov0',
  );
});

test('what the kernel numbers, counts and decides by itself is not a difference', () => {
  const wireguard = (handshake: string, bytes: string): string =>
    [
      'wg0\tprivate\tpublic\t51820\toff',
      `wg0\tkey=\t(none)\t192.0.2.2:51820\t10.50.2.0/24\t${handshake}\t${bytes}\t7\t25`,
    ].join('\n');
  const xfrm = (lastUsed: string): string =>
    `src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00000001 reqid 1 mode tunnel\n\taead rfc4106(gcm(aes)) 0xsecret 128\n\tlastused ${lastUsed}`;
  const first = stateOf({
    link: [{ ...vxlan, ifindex: 4 }],
    route: [
      { ...route, flags: ['onlink'] },
      { dst: '10.50.1.0', dev: 'ov0', protocol: 'kernel', type: 'local' },
    ],
    fdb: [entry, { mac: '33:33:00:00:00:01', ifname: 'ov0', state: 'permanent', flags: ['self'] }],
    nftables: { nftables: [{ metainfo: {} }, rule(4, 0)] },
    wireguard: wireguard('0', '0'),
    states: xfrm('2026-01-01'),
  });
  const second = stateOf({
    link: [{ ...vxlan, ifindex: 9, operstate: 'UP', flags: ['UP'] }],
    route: [{ ...route, flags: ['onlink', 'linkdown'] }],
    fdb: [entry],
    nftables: { nftables: [{ metainfo: {} }, rule(9, 100)] },
    wireguard: wireguard('1790000000', '4242'),
    states: xfrm('2026-01-02'),
  });
  const difference = compareStates(first, second);
  assert.ok(isSame(difference), describeDifference(difference));
});

test('secrets of tunnels are not part of a state', () => {
  const state = stateOf({
    wireguard:
      'wg0\tprivate\tpublic\t51820\toff\nwg0\tkey=\tpsk-secret\t192.0.2.2:51820\t10.50.2.0/24\t0\t0\t0\toff',
    states:
      'src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00000001 reqid 1 mode tunnel\n\taead rfc4106(gcm(aes)) 0xsecret 128',
  });
  const text = JSON.stringify([...state]);
  assert.equal(state.size, 2);
  assert.doesNotMatch(text, /secret|private/);
});

test('a device that a module of the kernel adds when it is loaded is not a difference', () => {
  const fallbacks = ['tunl0', 'sit0', 'gre0'].map((ifname) => ({ ifname, flags: ['NOARP'], mtu: 1480 }));
  const [before, after] = [stateOf({ link: [] }), stateOf({ link: fallbacks })];
  assert.ok(isSame(compareStates(before, after)));
  assert.ok(!isSame(compareStates(before, stateOf({ link: [{ ...fallbacks[0], ifname: 'tunl1' }] }))));
});

test('a link that goes down, another MTU, and a changed MAC are differences', () => {
  const state = (changes: object): KernelState => stateOf({ link: [{ ...vxlan, ...changes }] });
  for (const changes of [{ flags: ['BROADCAST'] }, { mtu: 1400 }, { address: '02:00:00:00:00:09' }]) {
    assert.ok(!isSame(compareStates(state({}), state(changes))), JSON.stringify(changes));
  }
});

test('a rule of a firewall that exists twice counts twice', () => {
  const once = stateOf({ nftables: { nftables: [rule(4, 0)] } });
  const twice = stateOf({ nftables: { nftables: [rule(4, 0), rule(5, 0)] } });
  assert.equal(compareStates(once, twice).added.length, 1);
});

test('the tables of iptables and the traffic rules of heddle are not made by a recipe', () => {
  const state = stateOf({
    nftables: {
      nftables: [
        { table: { family: 'ip', name: 'filter' } },
        { chain: { family: 'ip', table: 'filter', name: 'FORWARD' } },
        { chain: { family: 'ip', table: 'filter', name: 'HEDDLE-FWD' } },
        {
          rule: {
            family: 'ip',
            table: 'filter',
            chain: 'FORWARD',
            expr: [{ jump: { target: 'HEDDLE-FWD' } }],
          },
        },
        { table: { family: 'ip', name: 'heddle-ipv4' } },
        { table: { family: 'inet', name: 'mine' } },
        { rule: { family: 'ip', table: 'filter', chain: 'FORWARD', handle: 7, expr: [{ accept: null }] } },
      ],
    },
  });
  assert.deepEqual([...state.values()].map(({ remove }) => remove.join(' ')).sort(), [
    'nft delete rule ip filter FORWARD handle 7',
    'nft delete table inet mine',
  ]);
});

test('an address is found in a state as a whole word', () => {
  const state = stateOf({ fdb: [entry, { ...entry, mac: '02:00:00:00:00:03', dst: '192.0.2.22' }] });
  assert.deepEqual(
    mentioning(state, '192.0.2.2').map(({ name }) => name),
    ['02:00:00:00:00:02 dst 192.0.2.2 on ov0'],
  );
  assert.equal(mentioning(state, '192.0.2.222').length, 0);
});

test('a program that the machine lacks prints nothing, and a state without objects is empty', () => {
  assert.equal(stateOf({ wireguard: '', nftables: '', link: '' }).size, 0);
  assert.match(stateScript, /#section nftables/);
});
