import type { ProbeReport, ProbeResult } from '../probe/probe-book.ts';

/** The results of the probes as `heddle status` shows them. Times are RFC 3339. */
export interface ProbeStatus {
  /** The end of the last round. */
  readonly at: string;
  /** The number of addresses, by result. */
  readonly counts: Readonly<Record<ProbeResult, number>>;
  readonly addresses: readonly {
    /** The key of the peer's lease. */
    readonly key: string;
    readonly subnet: string;
    readonly address: string;
    readonly result: ProbeResult;
    /** The time of the last answer; null if there was none. */
    readonly lastAnswerAt: string | null;
  }[];
}

/** Describes the results for status; null before the first round has ended. */
export function describeProbe(report: ProbeReport | undefined): ProbeStatus | null {
  if (report === undefined) return null;
  const counts = { answers: 0, silent: 0, unknown: 0 };
  for (const { result } of report.addresses) counts[result] += 1;
  const addresses = report.addresses.map(({ key, subnet, address, result, lastAnswerAt }) => ({
    key,
    subnet,
    address,
    result,
    lastAnswerAt: lastAnswerAt === undefined ? null : new Date(lastAnswerAt).toISOString(),
  }));
  return { at: new Date(report.at).toISOString(), counts, addresses };
}
