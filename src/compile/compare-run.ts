import type { Span } from '../diagnostic/source.ts';
import type { CallOutcome, ProgramCall, Written } from './call.ts';
import type { ScriptRun } from './follow-script.ts';
import type { Stop } from './machine.ts';
import { isShellVariable } from './shell-names.ts';

/** A call that a shell made, as it was recorded in place of the program. */
export interface RecordedCall {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The standard input; undefined if it was not recorded. */
  readonly stdin: string | undefined;
  readonly outcome: CallOutcome;
}

/** Everything that is known of a shell's run. */
export interface RecordedRun {
  readonly calls: readonly RecordedCall[];
  /** Undefined if the shell was ended before its own end. */
  readonly end: { readonly succeeded: boolean; readonly stdout: string; readonly stderr: string } | undefined;
}

/** A difference between a shell's run and the compiled one. */
export interface RunDifference {
  /** The place in the script; undefined for the script as a whole. */
  readonly span: Span | undefined;
  /** A sentence without its full stop. */
  readonly text: string;
}

/**
 * Compares what a shell did with what was compiled, up to the first call that differs.
 *
 * @param environment the environment that the shell was given
 * @param isRecorded whether calls of a program are recorded; the comparison ends at a call that is not
 */
export function compareRun(
  run: ScriptRun,
  environment: Readonly<Record<string, string>>,
  { calls, end }: RecordedRun,
  isRecorded: (program: string) => boolean,
): readonly RunDifference[] {
  let step = run.next();
  for (const recorded of calls) {
    if (step.kind === 'ended')
      return [{ span: undefined, text: `the shell goes on and calls ${callText(recorded)}` }];
    if (!isRecorded(step.call.program)) return [];
    const differences = compareCall(step.call, recorded, environment);
    if (differences.length > 0) return differences;
    step = run.next(recorded.outcome);
  }
  return end === undefined ? [] : compareEnd(step, end, isRecorded);
}

function compareCall(
  call: ProgramCall,
  recorded: RecordedCall,
  environment: Readonly<Record<string, string>>,
): readonly RunDifference[] {
  const { span } = call;
  if (callText(call) !== callText(recorded))
    return [{ span, text: `the shell calls ${callText(recorded)}, and not ${callText(call)}` }];
  const differences: RunDifference[] = [];
  const names = [
    ...new Set([
      ...Object.keys(environment),
      ...Object.keys(recorded.environment),
      ...call.environment.keys(),
    ]),
  ];
  for (const name of names.filter((each) => !isShellVariable(each))) {
    const compiled = call.environment.has(name) ? call.environment.get(name) : environment[name];
    const real = recorded.environment[name];
    if (compiled !== real) {
      const text = `${call.program} gets ${name} as ${valueText(real)} from the shell, and not as ${valueText(compiled)}`;
      differences.push({ span, text });
    }
  }
  const stdin = call.stdin.kind === 'text' ? call.stdin.text : '';
  if (recorded.stdin !== undefined && recorded.stdin !== stdin) {
    const text = `${call.program} reads ${valueText(recorded.stdin)} from the shell, and not ${valueText(stdin)}`;
    differences.push({ span, text });
  }
  return differences;
}

function compareEnd(
  step: Stop,
  end: RecordedRun['end'] & object,
  isRecorded: (program: string) => boolean,
): readonly RunDifference[] {
  if (step.kind === 'call') {
    if (!isRecorded(step.call.program)) return [];
    return [{ span: step.call.span, text: `the shell ends and does not call ${callText(step.call)}` }];
  }
  if (step.succeeded !== end.succeeded) {
    const words = (succeeded: boolean) => (succeeded ? 'succeeds' : 'fails');
    return [
      {
        span: undefined,
        text: `the shell ${words(end.succeeded)}, and the compiled run ${words(step.succeeded)}`,
      },
    ];
  }
  return (['stdout', 'stderr'] as const).flatMap((stream) => missingText(step.written, stream, end[stream]));
}

/** The first text of the script itself that the shell did not write. Programs write in between. */
function missingText(
  written: readonly Written[],
  stream: Written['to'],
  printed: string,
): readonly RunDifference[] {
  let at = 0;
  for (const { text } of written.filter(({ to }) => to === stream)) {
    const found = printed.indexOf(text, at);
    if (found === -1)
      return [{ span: undefined, text: `the shell does not write ${valueText(text)} to ${stream}` }];
    at = found + text.length;
  }
  return [];
}

function callText({ program, arguments: words }: Pick<RecordedCall, 'program' | 'arguments'>): string {
  return [program, ...words]
    .map((word) => (/^[\w./:@%+=,-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
}

function valueText(value: string | undefined): string {
  return value === undefined ? 'unset' : JSON.stringify(value);
}
