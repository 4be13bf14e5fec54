import type { CallOutcome, ProgramCall } from '../compile/call.ts';
import { describeOutcome } from '../shell/outcome.ts';
import type { Job, Outcome, Shell } from '../shell/shell.ts';

/** The settings that the processes of a wave share. */
export interface CallContext {
  readonly shell: Shell;
  readonly cwd: string;
  readonly timeoutMs: number;
  /** The time that is left for a process, if one after the other shares the time limit. */
  readonly leftMs?: () => number;
  readonly signal: AbortSignal;
}

/** How one call ended, as far as it is known. */
export type CallEnd =
  | { readonly kind: CallOutcome; readonly how: string; readonly message: string }
  | { readonly kind: 'unknown'; readonly how: string; readonly message: string; readonly isTimeout: boolean }
  | { readonly kind: 'not-begun'; readonly how: string; readonly message: string };

export function unknownEnd(outcome: Outcome, message = ''): CallEnd {
  return {
    kind: 'unknown',
    how: describeOutcome(outcome),
    message,
    isTimeout: outcome.kind === 'timed-out',
  };
}

export function notBegun(outcome: Outcome): CallEnd {
  return { kind: 'not-begun', how: describeOutcome(outcome), message: '' };
}

export const succeeded: CallEnd = { kind: 'succeeded', how: 'succeeded', message: '' };

/** Runs one process for many calls. Its messages are what the outcome has as standard output. */
export function runTogether(
  program: string,
  input: { readonly arguments: readonly string[]; readonly stdin: string },
  environment: Readonly<Record<string, string>>,
  context: CallContext,
): Promise<Outcome> {
  const command = quoteWords([program, ...input.arguments]);
  return context.shell.run(
    {
      ...jobOf(`exec ${command} 2>&1 >/dev/null`, context),
      environment: { ...environment, LC_ALL: 'C' },
      stdin: input.stdin,
    },
    context.signal,
  );
}

/** Runs one call by itself, with the environment of its script. */
export async function runAlone(
  call: ProgramCall,
  scriptEnvironment: Readonly<Record<string, string>>,
  context: CallContext,
): Promise<CallEnd> {
  const command = `exec ${quoteWords([call.program, ...call.arguments])}${redirect(call)}`;
  const outcome = await context.shell.run(
    {
      ...jobOf(command, context),
      environment: changed(scriptEnvironment, call.environment),
      stdin: call.stdin.kind === 'text' ? call.stdin.text : '',
    },
    context.signal,
  );
  if (outcome.kind === 'unstartable') return notBegun(outcome);
  const how = describeOutcome(outcome);
  const message = outcome.stderr.text.trimEnd();
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'succeeded', how, message };
    case 'failed':
      return { kind: 'failed', how, message };
    case 'killed':
    case 'timed-out':
    case 'cancelled':
      return unknownEnd(
        outcome.kind === 'timed-out' ? { ...outcome, timeoutMs: context.timeoutMs } : outcome,
        message,
      );
  }
}

/** The redirections of a call, by copies of the streams that the shell has. */
function redirect({ stdin, stdout, stderr }: ProgramCall): string {
  const input = stdin.kind === 'null' ? ' </dev/null' : '';
  if (stdout === 'stdout' && stderr === 'stderr') return input;
  const targets = { stdout: '&3', stderr: '&4', null: '/dev/null' };
  return `${input} 3>&1 4>&2 >${targets[stdout]} 2>${targets[stderr]} 3>&- 4>&-`;
}

/** Single quotes keep every word as it is; shell-quote would put backslashes that fewer shells agree about. */
function quoteWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

function jobOf(text: string, context: CallContext): Omit<Job, 'environment' | 'stdin'> {
  const { cwd, timeoutMs, leftMs } = context;
  return { script: { text, stopOnError: false, notes: [] }, cwd, timeoutMs: leftMs?.() ?? timeoutMs };
}

function changed(
  environment: Readonly<Record<string, string>>,
  changes: ReadonlyMap<string, string | undefined>,
): Record<string, string> {
  const entries = Object.entries(environment).filter(([name]) => !changes.has(name));
  for (const [name, value] of changes) if (value !== undefined) entries.push([name, value]);
  return Object.fromEntries(entries);
}
