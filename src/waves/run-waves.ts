import type { ProgramCall, CallOutcome } from '../compile/call.ts';
import type { ScriptRun } from '../compile/follow-script.ts';
import type { LastCommand, Stop } from '../compile/machine.ts';
import { describeOutcome } from '../shell/outcome.ts';
import type { Job, Outcome, Shell } from '../shell/shell.ts';
import { batchInput, judgeBatch } from './batch-report.ts';
import { planWave, type BatchedCall, type WavePart } from './plan-wave.ts';
import type { BatchTool, LineTool, WholeTool } from './tools/batch-tool.ts';
import type { FailedCommand, WaveEnd } from './wave-end.ts';

interface WaveContext {
  readonly shell: Shell;
  /** The tools that are the programs that they seem to be. */
  readonly tools: readonly BatchTool[];
  readonly cwd: string;
  readonly timeoutMs: number;
  /** The number of processes at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Whether another wave is to begin. */
  readonly mayGoOn: () => boolean;
}

/** A script that runs, and the environment of its calls. */
interface WaveScript {
  readonly run: ScriptRun;
  readonly environment: Readonly<Record<string, string>>;
}

/** How one call ended, as far as it is known. */
type CallEnd =
  | { readonly kind: CallOutcome; readonly how: string; readonly message: string }
  | { readonly kind: 'unknown'; readonly how: string; readonly message: string };

/** The place of a script between two waves. */
interface Progress {
  readonly script: WaveScript;
  step: Stop;
  readonly messages: string[];
  lastFailed: FailedCommand | undefined;
  isUnsure: boolean;
}

/**
 * Runs many scripts at once, in waves: the k-th wave holds the k-th call of each. Calls of one program share a process where its tool allows
 * it. Returns the ends in the order of the scripts. An abort ends the programs that run.
 */
export async function runWaves(
  scripts: readonly WaveScript[],
  context: WaveContext,
): Promise<readonly WaveEnd[]> {
  const all = scripts.map((script): Progress => ({
    script,
    step: script.run.next(),
    messages: [],
    lastFailed: undefined,
    isUnsure: false,
  }));
  for (let waiting = all.filter(isWaiting); waiting.length > 0; waiting = waiting.filter(isWaiting)) {
    if (!context.mayGoOn()) break;
    const calls = waiting.flatMap((owner) =>
      owner.step.kind === 'call' ? [{ call: owner.step.call, owner }] : [],
    );
    await inParallel(planWave(calls, context.tools), context.concurrency, (part) => runPart(part, context));
  }
  return all.map(conclude);
}

function isWaiting({ step, isUnsure }: Progress): boolean {
  return step.kind === 'call' && !isUnsure;
}

async function runPart(part: WavePart<Progress>, context: WaveContext): Promise<void> {
  switch (part.kind) {
    case 'alone':
      goOn(part.owner, await runAlone(part.call, part.owner.script, context));
      return;
    case 'batch':
      if (part.tool.kind === 'lines') await runLines(part.tool, part, context);
      else await runWhole(part.tool, part, context);
  }
}

type Batch = Pick<WavePart<Progress> & { readonly kind: 'batch' }, 'options' | 'lines'>;

/** Runs lines, and again those that the tool did not come to. */
async function runLines(tool: LineTool, batch: Batch, context: WaveContext): Promise<void> {
  for (let { lines } = batch; lines.length > 0;) {
    const stdin = batchInput(
      lines.map(({ line }) => line),
      tool,
    );
    const outcome = await runTool(
      tool,
      { arguments: tool.batchArguments(batch.options), stdin },
      lines,
      context,
    );
    const isWhole =
      (outcome.kind === 'succeeded' || outcome.kind === 'failed') && outcome.stdout.truncated === 0;
    const ends = outcome.kind === 'unstartable' ? [] : judgeBatch(lines.length, outcome.stdout.text, tool);
    const unread: BatchedCall<Progress>[] = [];
    for (const [index, entry] of lines.entries()) {
      const end = ends[index];
      const isLast = ends[index + 1]?.kind === 'unread' || index === lines.length - 1;
      // A program that ends without a word proves nothing.
      const isSilent = end?.kind === 'refused' && end.message === '';
      if (
        isSilent ||
        (!isWhole && (end === undefined || end.kind === 'unread' || (isLast && end.kind === 'refused')))
      ) {
        goOn(entry.owner, { kind: 'unknown', how: describeOutcome(outcome), message: '' });
      } else if (end?.kind === 'succeeded')
        goOn(entry.owner, { kind: 'succeeded', how: 'succeeded', message: end.message });
      else if (end?.kind === 'refused')
        goOn(entry.owner, { kind: 'failed', how: 'failed', message: withoutReport(end.message, tool) });
      else unread.push(entry);
    }
    lines = unread;
  }
}

/** Runs calls together, and halves those that the tool refuses, until the refused one is alone. */
async function runWhole(tool: WholeTool, { options, lines }: Batch, context: WaveContext): Promise<void> {
  const waiting = [lines];
  for (let some = waiting.pop(); some !== undefined; some = waiting.pop()) {
    const [first, ...others] = some;
    if (first === undefined) continue;
    if (others.length === 0) {
      goOn(first.owner, await runAlone(first.call, first.owner.script, context));
      continue;
    }
    const input = tool.compose(
      options,
      some.map(({ line }) => line),
    );
    const outcome = await runTool(tool, input, some, context);
    const end =
      outcome.kind === 'succeeded' || outcome.kind === 'failed'
        ? tool.judge(outcome.kind === 'succeeded', outcome.stdout.text)
        : 'unknown';
    if (end === 'repeat') {
      const half = Math.ceil(some.length / 2);
      waiting.push(some.slice(half), some.slice(0, half));
      continue;
    }
    const how = describeOutcome(outcome);
    for (const { owner } of some)
      goOn(owner, end === 'succeeded' ? succeeded : { kind: end, how, message: '' });
  }
}

const succeeded: CallEnd = { kind: 'succeeded', how: 'succeeded', message: '' };

/** Runs one process for many calls. Its messages are what the outcome has as standard output. */
function runTool(
  { program }: BatchTool,
  input: { readonly arguments: readonly string[]; readonly stdin: string },
  [first]: readonly BatchedCall<Progress>[],
  context: WaveContext,
): Promise<Outcome> {
  const command = quoteWords([program, ...input.arguments]);
  return context.shell.run(
    {
      ...jobOf(`exec ${command} 2>&1 >/dev/null`, context),
      environment: { ...first?.owner.script.environment, LC_ALL: 'C' },
      stdin: input.stdin,
    },
    context.signal,
  );
}

/** The report names a line that nobody else sees. */
function withoutReport(message: string, { refusal }: LineTool): string {
  const lines = message.split('\n').filter((line) => !refusal.test(line));
  return lines.length === 0 ? message : lines.join('\n');
}

async function runAlone(call: ProgramCall, script: WaveScript, context: WaveContext): Promise<CallEnd> {
  const command = `exec ${quoteWords([call.program, ...call.arguments])}${redirect(call)}`;
  const outcome = await context.shell.run(
    {
      ...jobOf(command, context),
      environment: changed(script.environment, call.environment),
      stdin: call.stdin.kind === 'text' ? call.stdin.text : '',
    },
    context.signal,
  );
  const how = describeOutcome(outcome);
  const message = outcome.kind === 'unstartable' ? '' : outcome.stderr.text.trimEnd();
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'succeeded', how, message };
    case 'failed':
      return { kind: 'failed', how, message };
    case 'killed':
    case 'timed-out':
    case 'cancelled':
    case 'unstartable':
      return { kind: 'unknown', how, message };
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

function jobOf(text: string, { cwd, timeoutMs }: WaveContext): Omit<Job, 'environment' | 'stdin'> {
  return { script: { text, stopOnError: false, notes: [] }, cwd, timeoutMs };
}

function changed(
  environment: Readonly<Record<string, string>>,
  changes: ReadonlyMap<string, string | undefined>,
): Record<string, string> {
  const entries = Object.entries(environment).filter(([name]) => !changes.has(name));
  for (const [name, value] of changes) if (value !== undefined) entries.push([name, value]);
  return Object.fromEntries(entries);
}

function goOn(progress: Progress, end: CallEnd): void {
  const { step } = progress;
  if (step.kind !== 'call') return;
  if (end.message !== '' && step.call.stderr !== 'null') progress.messages.push(end.message);
  if (end.kind === 'unknown') {
    stop(progress, end.how);
    return;
  }
  if (end.kind === 'failed') progress.lastFailed = { span: step.call.span, how: end.how };
  progress.step = progress.script.run.next(end.kind);
}

function stop(progress: Progress, how: string): void {
  if (progress.step.kind === 'call') progress.lastFailed = { span: progress.step.call.span, how };
  progress.isUnsure = true;
}

function conclude({ step, messages, lastFailed, isUnsure }: Progress): WaveEnd {
  const written =
    step.kind === 'ended'
      ? step.written.filter(({ to }) => to === 'stderr').map(({ text }) => text.trimEnd())
      : [];
  const stderr = [...messages, ...written].join('\n');
  if (isUnsure) return { kind: 'unsure', last: lastFailed, stderr };
  if (step.kind === 'call') return { kind: 'stopped' };
  return step.succeeded
    ? { kind: 'succeeded', stderr }
    : { kind: 'failed', last: endingCommand(step.last, lastFailed), stderr };
}

/** The command that ended a script: the one that ran last. */
function endingCommand({ span, status }: LastCommand, lastFailed: FailedCommand | undefined): FailedCommand {
  const isCall = lastFailed !== undefined && span?.offset === lastFailed.span?.offset;
  if (isCall) return lastFailed;
  return { span, how: status === undefined ? (lastFailed?.how ?? 'failed') : `exited with status ${status}` };
}

/** Works off a list with so many workers at once. */
async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(workers, queue.length) }, worker));
}
