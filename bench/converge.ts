// In a sandbox: how long `heddle up` takes from process start until N peers are in the kernel, then one change at a
// time, then the removal of all. Arguments: recipe, N, changes.
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BenchDaemon } from './daemon.ts';
import { leaseValue, makePeer, writeStore } from './peers.ts';
import type { RecipeName } from './peers.ts';

const [, , name = 'vxlan', size = '100', changes = '0'] = process.argv;
const recipe = name as RecipeName;
const count = Number(size);
const file = {
  vxlan: '../recipes/vxlan.json',
  'host-gw': '../recipes/host-gw.json',
  wireguard: '../recipes/wireguard.json',
  extension: '../test/recipes/extension-vxlan.json',
}[recipe];

const store = '/run/store';
const peers = Array.from({ length: count }, (_, index) => makePeer(index));
writeStore(store, recipe, JSON.stringify({ Network: '10.0.0.0/8', Backend: { Type: recipe } }), peers);

const daemon = new BenchDaemon([
  ...[
    '--recipe',
    fileURLToPath(new URL(file, import.meta.url)),
    '--store-dir',
    store,
    '--state-dir',
    '/run/state',
  ],
  ...['--subnet-file', '/run/subnet.env', '--iface', 'eth0', '--check-interval', '86400'],
]);
const convergedMs = await daemon.until(({ event }) => event === 'ready');
const inPlace = countInPlace();
if (inPlace !== count) throw new Error(`${inPlace} of ${count} peers are in the kernel`);
const usage = daemon.usage();

const changeMs: number[] = [];
for (let n = 0; n < Number(changes); n += 1) {
  const peer = makePeer(count + n);
  const path = `${store}/subnets/${peer.subnet.replace('/', '-')}`;
  const lease = JSON.parse(leaseValue(recipe, peer)) as object;
  writeFileSync(
    `/run/draft`,
    JSON.stringify({ ...lease, Expiration: new Date(Date.now() + 86_400_000).toISOString() }),
  );
  const startedAt = performance.now();
  renameSync('/run/draft', path);
  await daemon.until((event) => event.event === 'peer-added' && event.peer.subnet === peer.subnet);
  changeMs.push(performance.now() - startedAt);
}
changeMs.sort((a, b) => a - b);
const quantile = (q: number): number | null => changeMs[Math.floor(q * (changeMs.length - 1))] ?? null;
const removedMs = await daemon.stop();
process.stdout.write(
  `${JSON.stringify({ convergedMs, ...usage, p50Ms: quantile(0.5), p99Ms: quantile(0.99), removedMs })}\n`,
);

/** What the kernel holds, by the recipe's own entries. */
function countInPlace(): number {
  if (recipe === 'wireguard') return lines('wg', 'show', 'flannel-wg', 'peers');
  return lines('ip', '-4', 'route', 'show', 'root', '10.0.0.0/8');
}

function lines(program: string, ...args: readonly string[]): number {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
    .split('\n')
    .filter((line) => line !== '').length;
}
