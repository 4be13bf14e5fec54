import { positionAt, type SourceText } from '../../diagnostic/source.ts';
import type { CommandTrouble } from '../../event/trouble.ts';
import { locateLine } from '../../recipe/command-text.ts';
import type { Command } from '../../recipe/recipe.ts';
import { describeOutcome } from '../../shell/outcome.ts';
import type { Outcome } from '../../shell/shell.ts';

/** How one run of a recipe's command went, as the daemon needs to know it. */
export type CommandResult =
  | { readonly kind: 'ok'; readonly stdout: string; readonly stderr: string; readonly durationMs: number }
  | { readonly kind: 'trouble'; readonly trouble: CommandTrouble; readonly durationMs: number };

/** The result of a command that the recipe does not have. */
export const nothingToRun: CommandResult = { kind: 'ok', stdout: '', stderr: '', durationMs: 0 };

/**
 * Makes a result of how a command's shell ended.
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
  const line = locateLine(command, ran?.line ?? 0);
  const trouble = {
    command: command.name,
    how: describeOutcome(outcome),
    where: line && { file: source.name, line: positionAt(source.text, line.span.offset).line },
    text: line?.text,
    stderr,
  };
  return { kind: 'trouble', trouble, durationMs };
}
