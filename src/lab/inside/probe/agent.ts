/**
 * The program in each pod: serves transfers, and probes other pods when told to. Orders and answers are JSON lines on
 * stdin and stdout; it ends with its stdin.
 */
import type { PathReport } from '../../report/report.ts';
import { readJsonLines } from '../json-lines.ts';
import { probePath } from './probe.ts';
import { makePayload, serveTransfers } from './transfer.ts';

/** What the agent is told. */
export interface ProbeOrder {
  readonly id: number;
  readonly address: string;
  /** Of the agent at `address`. */
  readonly port: number;
  /** Published by the pod's own node, in bytes. */
  readonly mtu: number;
  /** How long to try until a first echo comes back. */
  readonly withinMs: number;
}

/** What it says: first where it serves, then one answer an order. */
export type AgentWord =
  | { readonly word: 'serving'; readonly port: number }
  | { readonly word: 'probed'; readonly id: number; readonly path: PathReport };

function say(word: AgentWord): void {
  process.stdout.write(JSON.stringify(word) + '\n');
}

const payload = makePayload();
const { port } = await serveTransfers(payload);
process.stdin.on('end', () => process.exit());
readJsonLines(process.stdin, (object) => {
  const order = object as unknown as ProbeOrder;
  void probePath(order, payload).then((path) => say({ word: 'probed', id: order.id, path }));
});
say({ word: 'serving', port });
