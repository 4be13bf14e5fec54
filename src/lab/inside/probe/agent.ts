/**
 * The program in each pod: serves transfers, and probes other pods when told to. Orders and answers are JSON lines on
 * stdin and stdout; it ends with its stdin.
 */
import type { PathReport } from '../../report/report.ts';
import { readJsonLines } from '../json-lines.ts';
import { probePath, type ProbeOrder } from './probe.ts';
import { makePayload, serveTransfers } from './transfer.ts';

/** The agent's output: first its address, then one answer for each order. */
export type AgentWord =
  | { readonly word: 'serving'; readonly port: number }
  | { readonly word: 'probed'; readonly id: number; readonly path: PathReport };

function say(word: AgentWord): void {
  process.stdout.write(JSON.stringify(word) + '\n');
}

async function serve(): Promise<void> {
  const payload = makePayload();
  const { port } = await serveTransfers(payload);
  process.stdin.on('end', () => process.exit());
  readJsonLines(process.stdin, (object) => {
    const order = object as unknown as ProbeOrder;
    void probePath(order, payload).then((path) => say({ word: 'probed', id: order.id, path }));
  });
  say({ word: 'serving', port });
}

void serve();
