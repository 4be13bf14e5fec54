import { exitCodes, Failure, type FailureKind } from '../diagnostic/failure.ts';
import { usesColour } from '../host/terminal-colour.ts';
import { TetheredLab } from './process/enter.ts';
import { endOnSignal } from './process/interrupt.ts';
import { prepareLab, type LabRequest } from './prepare.ts';
import { showProgress } from './report/progress.ts';
import type { LabEvent, LabSpec } from './protocol.ts';
import { renderReport, renderTroubles } from './report/render.ts';
import type { LabTrouble } from './report/report.ts';

type Final = Extract<LabEvent, { event: 'report' | 'up' | 'failure' }>;

/** `lab run`: makes a lab, probes it, ends it, reports. Returns the exit code. */
export async function runLab(request: LabRequest, json: boolean): Promise<number> {
  const colour = usesColour(process.stdout);
  const lab = await startLab(request);
  await lab.tethered.end();
  const final = lab.final;
  if (final.event !== 'report') throw unexpected();
  const { report, troubles } = final;
  if (json) {
    process.stdout.write(JSON.stringify(report) + '\n');
    if (troubles.length > 0) process.stderr.write(renderTroubles(troubles, { colour: false }) + '\n');
    else for (const reason of report.reasons) process.stderr.write(`${reason}\n`);
  } else process.stdout.write(renderReport(report, troubles, { colour }));
  return report.passed ? 0 : exitCodes[failureKind(troubles)];
}

/** A node that did not start for a reason of its own decides; that a lab failed says less. */
export function failureKind(troubles: readonly LabTrouble[]): FailureKind {
  return troubles.find(({ kind }) => kind !== 'lab-failed')?.kind ?? 'lab-failed';
}

/** Starts a lab and follows it to its final word. The lab still stands afterwards. Throws a {@link Failure}. */
export async function startLab(
  request: LabRequest,
  onEvent: (event: LabEvent) => void = () => undefined,
): Promise<{
  readonly tethered: TetheredLab;
  readonly spec: LabSpec;
  readonly final: Exclude<Final, { event: 'failure' }>;
}> {
  const spec = await prepareLab(request);
  const progress = showProgress(request.nodes, process.stderr);
  let finish: (final: Final) => void = () => undefined;
  const word = new Promise<Final>((resolve) => (finish = resolve));
  const tethered = new TetheredLab(spec, (event) => {
    progress.note(event);
    onEvent(event);
    if (event.event === 'report' || event.event === 'up' || event.event === 'failure') finish(event);
  });
  const release = endOnSignal(tethered);
  const final = await Promise.race([word, tethered.endedEarly()]);
  release();
  progress.end();
  if (final instanceof Failure) throw final;
  if (final.event === 'failure') {
    await tethered.end();
    throw new Failure(final.kind, final.message, { hint: final.hint, detail: final.detail });
  }
  return { tethered, spec, final };
}

/** For a final word that belongs to another purpose. */
export function unexpected(): Failure {
  return new Failure('internal', 'the lab ended with the result of another command');
}
