import { setTimeout as delay } from 'node:timers/promises';
import type { PathReport } from '../../report/report.ts';
import { echo, type EchoResult } from './echo.ts';
import { transfer } from './transfer.ts';

/**
 * The number of tries that rule out a chance loss. A single packet may be lost during the transfer of a megabyte over TCP. A packet that is
 * too large is lost each time.
 */
const triesDespiteLoss = 3;

/** The pause between two tries while the overlay may still converge, in milliseconds. */
const retryEveryMs = 50;

/** An order for the agent: probe a path. */
export interface ProbeOrder {
  readonly order: 'probe';
  readonly id: number;
  readonly address: string;
  /** The port of the agent at `address`. */
  readonly port: number;
  /** The MTU that the pod's own node published, in bytes. */
  readonly mtu: number;
  /** The time for the tries until a first echo comes back, in milliseconds. */
  readonly withinMs: number;
}

/** An order for the agent: send one packet that must not be fragmented. */
export interface EchoOrder {
  readonly order: 'echo';
  readonly id: number;
  readonly address: string;
  readonly packetBytes: number;
}

export type AgentOrder = ProbeOrder | EchoOrder;

/** Tests one path: sends echoes until one comes back, then a TCP transfer and the MTU's two echoes at once. */
export async function probePath(order: ProbeOrder, payload: Buffer): Promise<PathReport> {
  const { address, port, mtu } = order;
  const family = address.includes(':') ? 6 : 4;
  const first = await echoWithin(address, order.withinMs);
  if (first.kind === 'unanswered') {
    const said = first.because === '' ? '' : ` (${first.because})`;
    const reason = `${address} did not answer the ping${said}`;
    return { family, address, rttMs: null, tcp: null, mtuPasses: null, oversizeFails: null, reason };
  }
  const [tcp, exact, oversize] = await Promise.all([
    transfer(address, port, payload),
    echoDespiteLoss(address, mtu),
    echo(address, mtu + 1),
  ]);
  const reasons = [
    tcp === undefined ? [] : [`TCP with 1 MiB each way to ${address} failed: ${tcp}`],
    exact.kind === 'answered' ? [] : [explainMtu(mtu, address, exact.because)],
    oversize.kind === 'unanswered'
      ? []
      : [`a packet of ${mtu + 1} bytes, one more than the published MTU, reached ${address}`],
  ].flat();
  return {
    family,
    address,
    rttMs: first.rttMs,
    tcp: tcp === undefined,
    mtuPasses: exact.kind === 'answered',
    oversizeFails: oversize.kind === 'unanswered',
    ...(reasons.length === 0 ? {} : { reason: reasons.join('; ') }),
  };
}

async function echoWithin(address: string, withinMs: number): Promise<EchoResult> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const result = await echo(address);
    if (result.kind === 'answered' || performance.now() >= deadline) return result;
    await delay(retryEveryMs);
  }
}

async function echoDespiteLoss(address: string, packetBytes: number): Promise<EchoResult> {
  let result = await echo(address, packetBytes);
  for (let tries = 1; tries < triesDespiteLoss && isLost(result); tries += 1) {
    result = await echo(address, packetBytes);
  }
  return result;
}

/** Whether an echo was neither answered nor refused. */
function isLost(result: EchoResult): boolean {
  return result.kind === 'unanswered' && result.because === '';
}

function explainMtu(mtu: number, address: string, because: string): string {
  const said = because === '' ? '' : ` (${because})`;
  const [, fits] = /\bmtu ?= ?(\d+)/i.exec(because) ?? [];
  const by = fits !== undefined && Number(fits) < mtu ? `: it is ${mtu - Number(fits)} bytes too large` : '';
  return `a packet of ${mtu} bytes, the published MTU, does not reach ${address} unfragmented${said}${by}; Overhead in the recipe decides about the published MTU`;
}
