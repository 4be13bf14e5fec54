/**
 * The program in each pod: serves transfers, and probes other pods on request. Orders and answers are JSON lines on stdin and stdout; the
 * program ends with its stdin.
 */
import type { PathReport } from '../../report/report.ts';
import { readJsonLines } from '../json-lines.ts';
import { echo } from './echo.ts';
import { probePath, type AgentOrder } from './probe.ts';
import { makePayload, serveTransfers } from './transfer.ts';

/** The agent's output: first its address, then one answer for each order. */
export type AgentWord =
  | { readonly word: 'serving'; readonly port: number }
  | { readonly word: 'probed'; readonly id: number; readonly path: PathReport }
  | { readonly word: 'echoed'; readonly id: number; readonly answered: boolean };

function say(word: AgentWord): void {
  process.stdout.write(JSON.stringify(word) + '\n');
}

async function obey(order: AgentOrder, payload: Buffer): Promise<AgentWord> {
  switch (order.order) {
    case 'probe':
      return { word: 'probed', id: order.id, path: await probePath(order, payload) };
    case 'echo': {
      const { kind } = await echo(order.address, order.packetBytes);
      return { word: 'echoed', id: order.id, answered: kind === 'answered' };
    }
  }
}

async function serve(): Promise<void> {
  const payload = makePayload();
  const { port } = await serveTransfers(payload);
  process.stdin.on('end', () => process.exit());
  readJsonLines(process.stdin, (object) => {
    const order = object as unknown as AgentOrder;
    void obey(order, payload).then(say);
  });
  say({ word: 'serving', port });
}

void serve();
