import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Peer } from '../../../src/lease/lease.ts';
import { formatPeerLine } from '../../../src/contract/peer-line.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';
import type { Host } from './host.ts';
import { dumpState } from './kernel-state.ts';
import { threeNodes } from './overlay.ts';
import type { TestShell } from './test-shell.ts';

/** The declared fields of a peer's backend data, by their variables without `DATA_`. */
type Fields = Readonly<Record<string, string>>;

/**
 * Makes peers that exist in leases alone, 200 if nothing else is said, turns them into others by batches of adds and removes on one host
 * and one by one on another, and compares what the two have; then runs the last batch again.
 */
export async function assertBatchEqualsSingles(
  t: TestContext,
  recipe: Recipe,
  shell: TestShell,
  fieldsOf: (number: number) => Fields,
  count = 200,
): Promise<void> {
  const [batched, single] = await threeNodes(t, recipe, { shell, families: 'dual-stack' });
  const line = (peer: Peer): string => `${formatPeerLine('add', peer, recipe.backendData) ?? ''}\n`;
  const peers = Array.from({ length: count }, (_, index) => peerOf(index + 20, fieldsOf(index + 20)));
  const moved = peers.slice(20, 40).map((peer, index) => movedTo(peer, fieldsOf(index + 1)));
  const gone = peers.slice(0, 40);
  const kept = peers.slice(40);
  await Promise.all([batched.start(), single.start()]);

  const before = await peerState(batched.host);
  await batched.runMany({ remove: [], add: peers.slice(0, -10) });
  const last = { remove: gone, add: [...moved, ...peers.slice(-10)] };
  await batched.runMany(last);
  const after = await peerState(batched.host);
  for (const peer of [...moved, ...kept]) await single.succeed('SubnetAddCommand', peer);
  assertSame(after, await peerState(single.host), 'batched, not one by one, and the other way round');
  const checked = await batched.succeed('CheckCommand', peers.map(line).join(''));
  const printed = checked.stdout.split('\n').filter(Boolean);
  const [ipv6, ipv4] = [true, false].map((isIpv6) => printed.filter((line) => line.includes(':') === isIpv6));
  assert.deepEqual(new Set(ipv4), new Set(kept.map(({ subnet }) => subnet)));
  if (ipv6?.length !== 0) assert.deepEqual(new Set(ipv6), new Set(kept.map(({ ipv6Subnet }) => ipv6Subnet)));

  await batched.runMany(last);
  assertSame(await peerState(batched.host), after, 'a second run changes nothing');

  await batched.runMany({ remove: [...gone, ...moved, ...kept], add: [] });
  assert.deepEqual(await peerState(batched.host), before);
  await batched.runMany({ remove: [...moved, ...kept], add: [] });
}

/** A batch in which one line cannot be carried out has to fail, and to say why. */
export async function assertBadLineFails(
  t: TestContext,
  recipe: Recipe,
  shell: TestShell,
  wrong: { readonly fields?: Fields; readonly publicIp?: string },
  why: RegExp,
): Promise<void> {
  const [node] = await threeNodes(t, recipe, { shell, families: 'dual-stack' });
  await node.start();
  const peer = peerOf(20, wrong.fields ?? {});
  const bad = { ...peer, publicIp: wrong.publicIp ?? peer.publicIp };
  await assert.rejects(node.runMany({ remove: [], add: [bad] }), why);
}

function peerOf(number: number, fields: Fields): Peer {
  return {
    key: `10.50.${number}.0-24`,
    subnet: `10.50.${number}.0/24`,
    ipv6Subnet: `fd00:50:0:${number.toString(16)}::/64`,
    publicIp: `172.30.1.${number}`,
    publicIpv6: `fd00:99:1::${number.toString(16)}`,
    stdin: '\n',
    fields: withPrefixes(fields),
  };
}

/** The same subnet, now at another host's address and with other data. */
function movedTo(peer: Peer, fields: Fields): Peer {
  return { ...peer, publicIp: '172.30.1.250', publicIpv6: 'fd00:99:1::fa', fields: withPrefixes(fields) };
}

function withPrefixes(fields: Fields): Fields {
  return Object.fromEntries(
    ['DATA', 'DATA6'].flatMap((prefix) =>
      Object.entries(fields).map(([name, value]) => [`${prefix}_${name}`, value]),
    ),
  );
}

/** Compares sorted lines, and shows those that differ alone. */
function assertSame(actual: readonly string[], expected: readonly string[], message: string): void {
  const [left, right] = [new Set(actual), new Set(expected)];
  const differences = [actual.filter((line) => !right.has(line)), expected.filter((line) => !left.has(line))];
  assert.deepEqual(differences, [[], []], message);
}

/** What peers are made of, on an overlay's device or on the underlay's: what a host has of its own is left out. */
async function peerState(host: Host): Promise<readonly string[]> {
  const state = await dumpState(host);
  return state.filter(
    (line) => / via | PERMANENT| dst |^flannel-wg\S* /.test(line) && !line.startsWith('default'),
  );
}
