import { askStatus } from '../../lab/process/control-client.ts';
import type { FoundLab } from '../../lab/process/find.ts';
import { traceEcho } from '../../lab/trace.ts';
import type { TraceReport } from '../../lab/trace/report.ts';
import type { PagePair } from '../model.ts';

/** The size of a small echo as an IP packet, in bytes. */
const smallEcho = 112;

/** The most traces of one report. Each takes some seconds. */
const mostTraces = 4;

/** Chooses the pairs to trace: one that failed for each node that it begins at, or one that works if none failed. */
export function chooseTraces(pairs: readonly PagePair[]): readonly PagePair[] {
  const failed = pairs.filter(({ ok }) => !ok);
  const first = failed.filter((pair) => failed.find(({ from }) => from === pair.from) === pair);
  return (first.length === 0 ? pairs.slice(0, 1) : first).slice(0, mostTraces);
}

/** Traces a packet from one pod to another: of the published MTU, if only such a packet is lost. Undefined if that is not possible. */
export async function tracePair(lab: FoundLab, pair: PagePair): Promise<TraceReport | undefined> {
  try {
    const status = await askStatus(lab);
    const mtu = status.nodes.find(({ name }) => name === pair.from)?.mtu ?? undefined;
    const isLarge = pair.rttMs !== null && pair.mtuPasses === false && mtu !== undefined;
    return await traceEcho(lab, status, {
      from: `${pair.from}-pod`,
      to: `${pair.to}-pod`,
      size: isLarge ? mtu : smallEcho,
      family: undefined,
    });
  } catch {
    // A pod that does not exist is a failure of its node, which the page shows.
    return undefined;
  }
}
