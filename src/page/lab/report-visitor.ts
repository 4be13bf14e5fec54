import { findLabs } from '../../lab/process/find.ts';
import { failureKind, type LabEnd, type LabVisitor } from '../../lab/run.ts';
import type { TraceReport } from '../../lab/trace/report.ts';
import type { LabSpec } from '../../lab/protocol.ts';
import type { LabPage } from '../model.ts';
import { writeReport } from '../report-file.ts';
import { toPagePair } from './describe-lab.ts';
import { describeLab, seeKernels, seeLab, type LabSight } from './sight.ts';
import { chooseTraces, tracePair } from './trace-failures.ts';

/** Everything that was seen before the networks were taken down. */
type Seen = Pick<LabPage, 'pairs' | 'traces' | 'kernels' | 'steps'> & {
  readonly sight: LabSight | undefined;
};

const nothing: Seen = { sight: undefined, pairs: [], traces: [], kernels: [], steps: [] };

/** Looks into a lab that was tested, and writes the report of its end to a file. */
export function reportTo(file: string): LabVisitor {
  let seen = nothing;
  return {
    async look(spec, results) {
      const known = { ...nothing, pairs: results.pairs.map(toPagePair), steps: results.steps };
      // The report says less if somebody removes the lab meanwhile.
      seen = await look(spec, known).catch(() => known);
    },
    see: (spec, end) =>
      writeReport(file, describeEnd(spec, seen, end), end.passed ? undefined : failureKind(end.troubles)),
  };
}

async function look(spec: LabSpec, known: Seen): Promise<Seen> {
  const lab = findLabs().find(({ name }) => name === spec.name);
  if (lab === undefined) return known;
  const sight = await seeLab(lab);
  const kernels = await seeKernels(lab, sight.status);
  const traces: TraceReport[] = [];
  for (const pair of chooseTraces(known.pairs)) {
    const trace = await tracePair(lab, pair);
    if (trace !== undefined) traces.push(trace);
  }
  return { ...known, sight, kernels, traces };
}

function describeEnd(spec: LabSpec, { sight, ...seen }: Seen, end: LabEnd): LabPage {
  const { passed, isKept, reasons, troubles } = end;
  const answered = seen.pairs.filter(({ ok }) => ok).length;
  const pairs = seen.pairs.length === 0 ? '' : `: ${answered} of ${seen.pairs.length} pairs reach each other`;
  return describeLab(spec, sight, {
    ...seen,
    verdict: { kind: passed ? 'passed' : 'failed', text: `${passed ? 'Passed' : 'Failed'}${pairs}` },
    isGone: !isKept,
    reasons,
    troubles,
  });
}
