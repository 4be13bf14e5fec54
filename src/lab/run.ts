import { exitCodes, Failure, type FailureKind } from '../diagnostic/failure.ts';
import { explainError } from '../host/system-error.ts';
import { usesColour } from '../host/terminal-colour.ts';
import { TetheredLab } from './process/enter.ts';
import { endOnSignal } from './process/interrupt.ts';
import { prepareLab, type LabRequest } from './prepare.ts';
import { nameArgument } from './plan/request.ts';
import { saveLogs } from './saved-logs.ts';
import { showProgress } from './report/progress.ts';
import type { LabEvent, LabSpec } from './protocol.ts';
import { renderReport, renderTroubles } from './report/render.ts';
import type { LabTrouble } from './report/report.ts';

type Final = Extract<LabEvent, { event: 'report' | 'scenario-report' | 'up' | 'failure' }>;

/** Somebody who looks into a lab before its networks are taken down, and sees its end. */
export interface LabVisitor {
  /** Looks into a lab whose tests have ended. The lab waits for the end of the promise. */
  look(spec: LabSpec, results: Tested): Promise<void>;
  /** Call with the reasons why a lab did not pass, one sentence each, at its end. */
  see(spec: LabSpec, end: LabEnd): Promise<void>;
}

type Tested = Extract<LabEvent, { event: 'tested' }>;

/** The end of a lab that was tested. */
export interface LabEnd {
  readonly passed: boolean;
  /** Whether the lab still runs, to look inside. */
  readonly isKept: boolean;
  readonly reasons: readonly string[];
  readonly troubles: readonly LabTrouble[];
}

/** `lab run`: makes a lab, probes it, ends it, and reports. Returns the exit code. */
export async function runLab(request: LabRequest, json: boolean, visitor?: LabVisitor): Promise<number> {
  const colour = usesColour(process.stdout);
  const { tethered, spec, final } = await startLab(request, { visitor });
  if (final.event !== 'report') throw unexpected();
  const { report, troubles } = final;
  const whereToLook = report.passed ? undefined : await leaveFailed(request, tethered);
  if (report.passed) await tethered.end();
  if (json) {
    process.stdout.write(JSON.stringify(report) + '\n');
    if (troubles.length > 0) process.stderr.write(renderTroubles(troubles, { colour: false }) + '\n');
    else for (const reason of report.reasons) process.stderr.write(`${reason}\n`);
  } else process.stdout.write(renderReport(report, troubles, { colour }));
  if (whereToLook !== undefined) process.stderr.write(`${whereToLook}\n`);
  // After the result: a disk that is full must not hide it.
  await visitor?.see(spec, labEndOf(request, report, troubles));
  return report.passed ? 0 : exitCodes[failureKind(troubles)];
}

/** Keeps a failed lab, or only its logs. Returns a sentence about where to look. */
export async function leaveFailed(
  { name, keepsFailed }: LabRequest,
  tethered: TetheredLab,
): Promise<string | undefined> {
  if (keepsFailed) {
    await tethered.keep();
    const named = nameArgument(name);
    return (
      `The lab ${name} was kept. Read the logs: heddle lab logs${named} node1. ` +
      `Look inside: heddle lab exec${named} node1. End it: heddle lab down${named}`
    );
  }
  const saved = saveLogs(name);
  await tethered.end();
  return saved && `${saved}; to keep the lab instead, add --keep-failed`;
}

/** The end of a lab with this result, once {@link leaveFailed} has kept or ended it. */
export function labEndOf(
  { keepsFailed }: LabRequest,
  { passed, reasons }: Pick<LabEnd, 'passed' | 'reasons'>,
  troubles: readonly LabTrouble[],
): LabEnd {
  return { passed, isKept: keepsFailed && !passed, reasons, troubles };
}

/** The kind of a lab's failure. A node that did not start for a reason of its own decides, because the failure of the lab says less. */
export function failureKind(troubles: readonly LabTrouble[]): FailureKind {
  return troubles.find(({ kind }) => kind !== 'lab-failed')?.kind ?? 'lab-failed';
}

/** The helpers of a lab's start. */
interface LabStart {
  readonly onEvent?: (event: LabEvent) => void;
  readonly prepare?: (request: LabRequest) => Promise<LabSpec>;
  readonly visitor?: LabVisitor | undefined;
}

/** Starts a lab and follows it to its last message. The lab still runs afterwards. Throws a {@link Failure}. */
export async function startLab(
  request: LabRequest,
  { onEvent = () => undefined, prepare = prepareLab, visitor }: LabStart = {},
): Promise<{
  readonly tethered: TetheredLab;
  readonly spec: LabSpec;
  readonly final: Exclude<Final, { event: 'failure' }>;
}> {
  const planned = await prepare(request);
  const spec: LabSpec = visitor === undefined ? planned : { ...planned, waitsForLook: true };
  const progress = showProgress(request.nodes, process.stderr);
  let finish: (final: Final) => void = () => undefined;
  const word = new Promise<Final>((resolve) => (finish = resolve));
  const tethered = new TetheredLab(spec, (event) => {
    progress.note(event);
    onEvent(event);
    if (event.event === 'tested' && visitor !== undefined)
      void visitor.look(spec, event).finally(() => tethered.proceed());
    if (isFinal(event)) finish(event);
  });
  const guard = endOnSignal(tethered, () => {
    progress.end();
    return progress.waitsFor;
  });
  const final = await guard.unlessInterrupted(Promise.race([word, tethered.endedEarly()]));
  guard.release();
  progress.end();
  if (final instanceof Failure) throw final;
  if (final.event === 'failure') {
    const saved = saveLogs(request.name);
    await tethered.end();
    const { kind, message, detail } = final;
    const trouble = { node: 'lab', kind, message, ...(detail !== undefined && { detail }) };
    const unwritten = await visitor
      ?.see(spec, { passed: false, isKept: false, reasons: [message], troubles: [trouble] })
      .then(() => undefined, explainError);
    const hint = [final.hint, saved, unwritten].filter((text) => text !== undefined).join('; ');
    throw new Failure(final.kind, final.message, { ...(hint !== '' && { hint }), detail: final.detail });
  }
  return { tethered, spec, final };
}

function isFinal(event: LabEvent): event is Final {
  return ['report', 'scenario-report', 'up', 'failure'].includes(event.event);
}

/** The failure for a last message that belongs to another purpose. */
export function unexpected(): Failure {
  return new Failure('internal', 'the lab ended with the result of another command');
}
