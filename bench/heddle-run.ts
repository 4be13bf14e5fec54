// In a sandbox: how long `heddle up` takes from process start until all peers are in the kernel, then one change at a
// time, then the removal of all.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HeddleEvent } from '../src/event/event.ts';
import { BenchDaemon } from './daemon.ts';
import { makeUpPeer, makePeers, madeUpNetwork } from './peers.ts';
import type { RecipeName } from './peers.ts';
import { answer, readOrder } from './sandbox.ts';
import { createStore } from './stores.ts';
import type { BenchStore, StoreName } from './stores.ts';
import { cpuSecondsOfOthers, residentMb, residentMbAtRest } from './usage.ts';

export interface HeddleOrder {
  readonly recipe: RecipeName;
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

async function run({ recipe, store: storeName, size, changes, rest }: HeddleOrder): Promise<HeddleResult> {
  const store = await createStore(storeName, recipe, makePeers(size));
  const cpuBefore = cpuSecondsOfOthers();
  const daemon = new BenchDaemon([
    ...['--recipe', fileURLToPath(new URL(files[recipe], import.meta.url)), ...store.options],
    ...['--state-dir', '/run/state', '--subnet-file', '/run/subnet.env', '--iface', 'eth0'],
    ...['--check-interval', '86400'],
  ]);
  const first = await daemon.until((event) => event.event === 'command-finished');
  const { atMs: convergedMs } = await daemon.until((event) => event.event === 'ready');
  const cpuSeconds = cpuSecondsOfOthers() - cpuBefore;
  requireInPlace(recipe, size);
  const changeMs = await makeChanges(daemon, store, size, changes);
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
  size: number,
  changes: number,
): Promise<readonly number[]> {
  const changeMs: number[] = [];
  for (let n = 0; n < changes; n += 1) {
    const peer = makeUpPeer(size + n);
    const isAdded = (event: HeddleEvent): event is HeddleEvent & { event: 'peer-added' } =>
      event.event === 'peer-added' && event.peer.subnet === peer.subnet;
    const startedAt = performance.now();
    await store.put(peer);
    await daemon.until(isAdded);
    changeMs.push(performance.now() - startedAt);
  }
  return changeMs.sort((a, b) => a - b);
}

/** Throws unless the kernel holds an entry for each peer. */
function requireInPlace(recipe: RecipeName, size: number): void {
  const command =
    recipe === 'wireguard'
      ? ['wg', 'show', 'flannel-wg', 'peers']
      : ['ip', '-4', 'route', 'show', 'root', madeUpNetwork];
  const [program = '', ...args] = command;
  const count = execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n').length - 1;
  // This node's own route may be among them.
  if (count < size || count > size + 1) throw new Error(`${count} of ${size} peers are in the kernel`);
}
