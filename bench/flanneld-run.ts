// In a sandbox: how long flanneld takes from process start until all peers of its vxlan backend are in the kernel.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { makePeers } from './peers.ts';
import { answer, readOrder } from './sandbox.ts';
import { createStore } from './stores.ts';

interface FlanneldOrder {
  /** The path of the program. */
  readonly program: string;
  readonly size: number;
}

export interface FlanneldResult {
  readonly convergedMs: number;
}

/** The time between two looks at the kernel, in milliseconds for a thousand peers: a look costs a part of it. */
const lookEveryMs = 10;
const longestMs = 600_000;

answer(await run(readOrder() as FlanneldOrder));

async function run({ program, size }: FlanneldOrder): Promise<FlanneldResult> {
  const store = await createStore('etcd', { recipe: 'vxlan', family: 'ipv4' }, makePeers(size));
  const startedAt = performance.now();
  const child = spawn(program, [...store.options, '--iface', 'eth0', '--subnet-file', '/run/subnet.env'], {
    stdio: 'ignore',
  });
  try {
    for (;;) {
      const convergedMs = performance.now() - startedAt;
      if (countRoutes() >= size) return { convergedMs };
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
      if (convergedMs > longestMs) throw new Error(`${program} has ${countRoutes()} of ${size} peers`);
      await setTimeout(Math.max(lookEveryMs, (lookEveryMs * size) / 1000));
    }
  } finally {
    child.kill('SIGKILL');
    store.close();
  }
}

/** The routes by way of the overlay's device. */
function countRoutes(): number {
  return readFileSync('/proc/net/route', 'utf8').split('\nflannel.').length - 1;
}
