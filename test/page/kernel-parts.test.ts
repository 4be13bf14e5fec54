import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateScript } from '../../src/lab/plan/kernel/read-state.ts';
import { sortKernel } from '../../src/page/lab/kernel-parts.ts';

const node = (number: number) => ({
  name: `node${number}`,
  publicIp: `172.30.0.${number}`,
  pod: null,
  mtu: 1450,
  subnet: `10.50.${number}.0/24`,
});
const nodes = [node(1), node(2), node(12)];
const mac = '02:00:00:00:00:02';

/** The output of the script with these sections; the others are empty. */
function output(sections: Readonly<Record<string, unknown>>): string {
  return [...stateScript.matchAll(/'(#section (\S+))'/g)]
    .map(([, mark = '', name = '']) => `\n${mark}\n${name in sections ? JSON.stringify(sections[name]) : ''}`)
    .join('\n');
}

const route = (dst: string, gateway: string, dev: string) => ({
  type: 'unicast',
  dst,
  gateway,
  dev,
  table: 'main',
  protocol: 'boot',
  scope: 'global',
  flags: [],
});

const text = output({
  route: [route('10.50.2.0/24', '10.50.2.0', 'flannel.1'), route('10.50.12.0/24', '10.50.12.0', 'flannel.1')],
  neighbour: [{ dst: '10.50.2.0', dev: 'flannel.1', lladdr: mac, state: ['PERMANENT'] }],
  fdb: [
    { mac, ifname: 'flannel.1', dst: '172.30.0.9', flags: ['self'], state: 'permanent' },
    {
      mac: '02:00:00:00:00:77',
      ifname: 'flannel.1',
      dst: '172.30.0.77',
      flags: ['self'],
      state: 'permanent',
    },
  ],
});

test('objects belong to the peer whose subnet, address or MAC they have', () => {
  const { node: name, peers, own } = sortKernel(node(1), nodes, text);
  assert.equal(name, 'node1');
  assert.deepEqual(
    peers.map(({ peer, objects }) => [peer, objects.map(({ kind }) => kind).toSorted()]),
    [
      ['node2', ['fdb entry', 'neighbour', 'route']],
      ['node12', ['route']],
    ],
  );
  // The FDB entry belongs to node2 by the MAC that stands in the neighbour entry, although it leads elsewhere.
  assert.match(peers[0]?.objects.find(({ kind }) => kind === 'fdb entry')?.name ?? '', new RegExp(mac));
  assert.deepEqual(
    own.map(({ kind }) => kind),
    ['fdb entry'],
  );
  assert.match(own[0]?.name ?? '', /02:00:00:00:00:77/);
});

test('a peer without anything in the kernel has no objects', () => {
  const { peers } = sortKernel(node(1), nodes, output({}));
  assert.deepEqual(
    peers.map(({ objects }) => objects),
    [[], []],
  );
});
