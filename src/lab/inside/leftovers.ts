import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { compareTraces, readTraces, traceScript } from '../plan/traces.ts';
import type { LabNode } from './node/node.ts';
import { holderMarker } from './node/holder.ts';
import { runLabProgram } from './lab-program.ts';

/** The time that a node has to release its daemon's objects, in milliseconds: a process in user space ends after its device. */
const settleMs = 1000;
const lookEveryMs = 50;

/** The traces of all nodes, except those on which a flanneld has run: it is not meant to take its network down. */
export async function findAllLeftovers(nodes: readonly LabNode[]): Promise<readonly string[]> {
  const traces = await Promise.all(nodes.filter((node) => !node.hasRunFlanneld).map(findLeftovers));
  return traces.flat();
}

/** The traces that a node has now, but did not have before its daemon first ran: `node1: link flannel.1 mtu 1450`. */
async function findLeftovers(node: LabNode): Promise<readonly string[]> {
  const before = readTraces(node.holder.tracesBefore);
  const deadline = performance.now() + settleMs;
  for (;;) {
    const script = ['--net=/run/netns/' + node.plan.name, 'sh', '-c', traceScript];
    const after = readTraces(await runLabProgram('nsenter', script));
    const left = [...compareTraces(before, after), ...(await processesOf(node))];
    if (left.length === 0 || performance.now() >= deadline) {
      return left.map((trace) => `${node.plan.name}: ${trace}`);
    }
    await delay(lookEveryMs);
  }
}

/** Every process in the node's PID namespace except those that hold it. */
export async function processesOf(node: LabNode): Promise<readonly string[]> {
  const namespace = await readlink(`/proc/${node.holder.pid}/ns/pid`);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process that ends while it is looked at is not left.
      if ((await readlink(`/proc/${pid}/ns/pid`).catch(() => '')) !== namespace) return [];
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const words = command.split('\0');
      return command === '' || words.includes(holderMarker)
        ? []
        : [`process ${pid} ${command.replaceAll('\0', ' ').trim()}`];
    }),
  );
  return found.flat();
}
