// In a sandbox: how long `heddle up` takes from process start until all peers are in the kernel, then one change at a
// time, then the removal of all.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HeddleEvent } from '../src/event/event.ts';
import { BenchDaemon } from './daemon.ts';
import { hasFamily, makeUpPeer, makePeers, madeUpIpv6Network, madeUpNetwork } from './peers.ts';
import type { BenchFamily, RecipeName } from './peers.ts';
import { answer, readOrder } from './sandbox.ts';
import { createStore } from './stores.ts';
import type { BenchStore, StoreName } from './stores.ts';
import { cpuSecondsOfOthers, residentMb, residentMbAtRest } from './usage.ts';

export interface HeddleOrder {
  readonly recipe: RecipeName;
  readonly family: BenchFamily;
  readonly store: StoreName;
  readonly size: number;
  /** How many changes are made, one after the other. */
  readonly changes: number;
  /** Whether to wait until the memory of the start is given back. */
  readonly rest: boolean;
}

export interface HeddleResult {
  /** From process start until the first command runs, until all peers are in the kernel, and from SIGTERM to the end. */
  readonly firstCommandMs: number;
  readonly convergedMs: number;
  readonly removedMs: number;
  /** Of the daemon and its commands, until all peers are in the kernel. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly restMb: number | undefined;
  /** From the write to the store until the peer is in the kernel, ascending. */
  readonly changeMs: readonly number[];
}

const files = {
  vxlan: '../recipes/vxlan.json',
  'host-gw': '../recipes/host-gw.json',
  wireguard: '../recipes/wireguard.json',
  extension: '../test/recipes/extension-vxlan.json',
};

answer(await run(readOrder() as HeddleOrder));

async function run(order: HeddleOrder): Promise<HeddleResult> {
  const { recipe, store: storeName, size, rest } = order;
  const store = await createStore(storeName, order, makePeers(size));
  const cpuBefore = cpuSecondsOfOthers();
  const daemon = new BenchDaemon([
    ...['--recipe', fileURLToPath(new URL(files[recipe], import.meta.url)), ...store.options],
    ...['--state-dir', '/run/state', '--subnet-file', '/run/subnet.env', '--iface', 'eth0'],
    ...['--check-interval', '86400'],
  ]);
  const first = await daemon.until((event) => event.event === 'command-finished');
  const { atMs: convergedMs } = await daemon.until((event) => event.event === 'ready');
  const cpuSeconds = cpuSecondsOfOthers() - cpuBefore;
  requireInPlace(order);
  const changeMs = await makeChanges(daemon, store, order);
  const restMb = rest ? await residentMbAtRest(daemon.pid) : undefined;
  const peakMb = residentMb(daemon.pid, 'VmHWM');
  const removedMs = await daemon.stop();
  store.close();
  const firstCommandMs = first.atMs - first.event.durationMs;
  return { firstCommandMs, convergedMs, removedMs, cpuSeconds, peakMb, restMb, changeMs };
}

async function makeChanges(
  daemon: BenchDaemon,
  store: BenchStore,
  { family, size, changes }: HeddleOrder,
): Promise<readonly number[]> {
  const changeMs: number[] = [];
  for (let n = 0; n < changes; n += 1) {
    const peer = makeUpPeer(size + n);
    const subnet = hasFamily(family, 'ipv4') ? peer.subnet : peer.ipv6Subnet;
    const isAdded = (event: HeddleEvent): event is HeddleEvent & { event: 'peer-added' } =>
      event.event === 'peer-added' && event.peer.subnet.split(' and ').includes(subnet);
    const startedAt = performance.now();
    await store.put(peer);
    await daemon.until(isAdded);
    changeMs.push(performance.now() - startedAt);
  }
  return changeMs.sort((a, b) => a - b);
}

/** Throws unless the kernel holds an entry for each peer and family. */
function requireInPlace({ recipe, family, size }: HeddleOrder): void {
  if (hasFamily(family, 'ipv4'))
    requireCount(size, recipe === 'wireguard' ? peersOf('flannel-wg') : routesIn('-4', madeUpNetwork));
  if (hasFamily(family, 'ipv6'))
    requireCount(size, recipe === 'wireguard' ? peersOf('flannel-wg-v6') : routesIn('-6', madeUpIpv6Network));
}

function peersOf(device: string): readonly string[] {
  return ['wg', 'show', device, 'peers'];
}

function routesIn(family: string, network: string): readonly string[] {
  return ['ip', family, 'route', 'show', 'root', network];
}

function requireCount(size: number, [program = '', ...args]: readonly string[]): void {
  const count = execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n').length - 1;
  // This node's own route may be among them.
  if (count < size || count > size + 1) throw new Error(`${count} of ${size} peers are in the kernel`);
}
