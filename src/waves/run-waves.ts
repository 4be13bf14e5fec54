import type { ScriptRun } from '../compile/follow-script.ts';
import type { LastCommand, Stop } from '../compile/machine.ts';
import { describeOutcome } from '../shell/outcome.ts';
import { batchInput, judgeBatch } from './batch-report.ts';
import { planWave, type BatchedCall, type WavePart } from './plan-wave.ts';
import {
  notBegun,
  runAlone,
  runTogether,
  succeeded,
  unknownEnd,
  type CallContext,
  type CallEnd,
} from './run-call.ts';
import type { BatchTool, LineTool, WholeTool } from './tools/batch-tool.ts';
import type { FailedCommand, WaveEnd } from './wave-end.ts';

interface WaveContext extends CallContext {
  /** The tools that are the programs that they seem to be. */
  readonly tools: readonly BatchTool[];
  /** The number of processes at once. */
  readonly concurrency: number;
  /** Whether another wave is to begin. */
  readonly mayGoOn: () => boolean;
}

/** A script that runs, and the environment of its calls. */
interface WaveScript {
  readonly run: ScriptRun;
  readonly environment: Readonly<Record<string, string>>;
}

/** The place of a script between two waves. */
interface Progress {
  readonly script: WaveScript;
  step: Stop;
  readonly messages: string[];
  lastFailed: FailedCommand | undefined;
  /** Whether a program has begun. */
  hasBegun: boolean;
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
    hasBegun: false,
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
      goOn(part.owner, await runAlone(part.call, part.owner.script.environment, context));
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
    const outcome = await runTogether(
      tool.program,
      { arguments: tool.batchArguments(batch.options), stdin },
      environmentOf(lines),
      context,
    );
    const isWhole =
      (outcome.kind === 'succeeded' || outcome.kind === 'failed') && outcome.stdout.truncated === 0;
    if (outcome.kind === 'unstartable') {
      for (const { owner } of lines) goOn(owner, notBegun(outcome));
      return;
    }
    const ends = judgeBatch(lines.length, outcome.stdout.text, tool);
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
        goOn(entry.owner, unknownEnd(outcome));
      } else if (end?.kind === 'succeeded')
        goOn(
          entry.owner,
          end.message === '' ? succeeded : { kind: 'succeeded', how: 'succeeded', message: end.message },
        );
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
      goOn(first.owner, await runAlone(first.call, first.owner.script.environment, context));
      continue;
    }
    const input = tool.compose(
      options,
      some.map(({ line }) => line),
    );
    const outcome = await runTogether(tool.program, input, environmentOf(some), context);
    if (outcome.kind === 'unstartable') {
      for (const { owner } of [some, ...waiting.splice(0)].flat()) goOn(owner, notBegun(outcome));
      return;
    }
    const end =
      outcome.kind === 'succeeded' || outcome.kind === 'failed'
        ? tool.judge(outcome.kind === 'succeeded', outcome.stdout.text)
        : 'unknown';
    if (end === 'repeat') {
      const half = Math.ceil(some.length / 2);
      waiting.push(some.slice(half), some.slice(0, half));
      continue;
    }
    const ends: Readonly<Record<typeof end, CallEnd>> = {
      succeeded,
      failed: { kind: 'failed', how: describeOutcome(outcome), message: outcome.stdout.text.trimEnd() },
      unknown: unknownEnd(outcome),
    };
    for (const { owner } of some) goOn(owner, ends[end]);
  }
}

/** The environment of a process for many calls: no call of it depends on what distinguishes them. */
function environmentOf([first]: readonly BatchedCall<Progress>[]): Readonly<Record<string, string>> {
  return first?.owner.script.environment ?? {};
}

/** The report, which is the last line, names a line that nobody else sees. */
function withoutReport(message: string, { refusal }: LineTool): string {
  const end = message.lastIndexOf('\n');
  return end !== -1 && refusal.test(message.slice(end + 1)) ? message.slice(0, end) : message;
}

function goOn(progress: Progress, end: CallEnd): void {
  const { step } = progress;
  if (step.kind !== 'call') return;
  if (end.message !== '' && step.call.stderr !== 'null') progress.messages.push(end.message);
  if (end.kind === 'unknown' || end.kind === 'not-begun') {
    progress.hasBegun ||= end.kind === 'unknown';
    progress.lastFailed = {
      span: step.call.span,
      how: end.how,
      isTimeout: end.kind === 'unknown' && end.isTimeout,
    };
    progress.isUnsure = true;
    return;
  }
  progress.hasBegun = true;
  if (end.kind === 'failed') progress.lastFailed = { span: step.call.span, how: end.how };
  progress.step = progress.script.run.next(end.kind);
}

const quietSuccess: WaveEnd = { kind: 'succeeded', stderr: '' };

function conclude({ step, messages, lastFailed, hasBegun, isUnsure }: Progress): WaveEnd {
  const isQuiet = messages.length === 0 && (step.kind === 'call' || step.written.length === 0);
  if (isQuiet && !isUnsure && step.kind === 'ended' && step.succeeded) return quietSuccess;
  const written =
    step.kind === 'ended'
      ? step.written.filter(({ to }) => to === 'stderr').map(({ text }) => text.trimEnd())
      : [];
  const stderr = [...messages, ...written].join('\n');
  if (isUnsure && !hasBegun) return { kind: 'not-begun', how: lastFailed?.how ?? 'could not be started' };
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
