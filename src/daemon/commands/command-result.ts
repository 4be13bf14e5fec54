import { positionAt, type SourceText } from '../../diagnostic/source.ts';
import type { CommandTrouble } from '../../event/trouble.ts';
import { commandText, locateLine } from '../../recipe/command-text.ts';
import type { Command } from '../../recipe/recipe.ts';
import { describeOutcome } from '../../shell/outcome.ts';
import type { Outcome } from '../../shell/shell.ts';
import type { WaveEnd } from '../../waves/wave-end.ts';

/** The result of one run of a recipe's command. */
export type CommandResult =
  | {
      readonly kind: 'ok';
      readonly stdout: string;
      readonly stderr: string;
      readonly durationMs: number;
      /** Present if the command was compiled, and ran without a shell. */
      readonly compiled?: true;
    }
  | {
      readonly kind: 'trouble';
      readonly trouble: CommandTrouble;
      readonly durationMs: number;
      /** Whether the command began. If not, it changed nothing. */
      readonly didBegin: boolean;
    };

/** The result of a command that the recipe does not have. */
export const nothingToRun: CommandResult = { kind: 'ok', stdout: '', stderr: '', durationMs: 0 };

/**
 * Makes the result of a command from the end of its shell.
 *
 * @param source the text that the command stands in
 * @param redact hides the values of secret parameters
 */
export function concludeRun(
  command: Command,
  source: SourceText,
  outcome: Outcome,
  redact: (text: string) => string,
): CommandResult {
  // A shell that could not be started printed nothing.
  const ran = outcome.kind === 'unstartable' ? undefined : outcome;
  const stderr = redact(ran?.stderr.text ?? '').trimEnd();
  const durationMs = ran?.durationMs ?? 0;
  if (outcome.kind === 'succeeded') return { kind: 'ok', stdout: outcome.stdout.text, stderr, durationMs };
  // Without a known line, the place is the whole command. No line is shown then, because the first one may be a comment.
  const place = locateLine(command, ran?.line ?? 0);
  const trouble = {
    command: command.name,
    how: describeEnd(outcome),
    where: place && { file: source.name, line: positionAt(source.text, place.span.offset).line },
    text: ran?.line === undefined ? undefined : place?.text,
    stderr,
  };
  return { kind: 'trouble', trouble, durationMs, didBegin: ran !== undefined };
}

/** Makes the result of a command that was compiled, and run in waves or by itself. */
export function concludeWave(
  command: Command,
  source: SourceText,
  end: Exclude<WaveEnd, { kind: 'stopped' }>,
  durationMs: number,
  redact: (text: string) => string,
): CommandResult {
  if (end.kind === 'not-begun') {
    const nowhere = { where: undefined, text: undefined, stderr: '' };
    const trouble = { command: command.name, how: end.how, ...nowhere };
    return { kind: 'trouble', trouble, durationMs, didBegin: false };
  }
  const stderr = redact(end.stderr).trimEnd();
  if (end.kind === 'succeeded') return { kind: 'ok', stdout: '', stderr, durationMs, compiled: true };
  const { last } = end;
  const line = last?.span && positionAt(commandText(command), last.span.offset).line - 1;
  const place = locateLine(command, line ?? 0);
  const trouble = {
    command: command.name,
    how: last === undefined ? 'failed' : withHint(last.how, last.isTimeout === true),
    where: place && { file: source.name, line: positionAt(source.text, place.span.offset).line },
    text: line === undefined ? undefined : place?.text,
    stderr,
  };
  return { kind: 'trouble', trouble, durationMs, didBegin: true };
}

/** Describes the end of a command to the author of its recipe. */
function describeEnd(outcome: Outcome): string {
  return withHint(describeOutcome(outcome), outcome.kind === 'timed-out');
}

function withHint(how: string, isTimeout: boolean): string {
  return isTimeout ? `${how}, its Timeout (if it needs longer, raise Timeout in the recipe)` : how;
}
