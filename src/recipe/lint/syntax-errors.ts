import type { Findings } from '../../diagnostic/findings.ts';
import type { SourceText, Span } from '../../diagnostic/source.ts';
import { commandText, placeInRecipe } from '../command-text.ts';
import type { Command } from '../recipe.ts';
import { parseScript } from '../sh/parse-script.ts';

/** The output of `sh -n` for a command. */
export interface SyntaxComplaint {
  readonly command: Command;
  /** The line of the command's text (from 0) where the shell gave up; undefined where it does not say. */
  readonly line: number | undefined;
  /** In the shell's words: `")" unexpected`. */
  readonly message: string;
}

/** Reports what the shell refuses, at the place that it means as exactly as that can be found. */
export function reportSyntaxErrors(
  source: SourceText,
  complaints: readonly SyntaxComplaint[],
  findings: Findings,
): void {
  for (const { command, line, message } of complaints) {
    const text = commandText(command);
    const stretch = parseScript(text).fault ?? findInLine(text, line, message);
    const at = placeInRecipe(source, command, stretch);
    findings.error('shell-syntax', at, `${command.name} is not valid shell: ${message}`, explain(message));
  }
}

/** The token that the message names, if it stands once in the line; otherwise the line. */
function findInLine(text: string, line: number | undefined, message: string): Span {
  const lines = text.split('\n');
  const index = Math.min(line ?? 0, lines.length - 1);
  const content = lines[index] ?? '';
  const start = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  const token = /"([^"]+)" unexpected/.exec(message)?.[1];
  const at = token === undefined ? -1 : content.indexOf(token);
  if (token !== undefined && at !== -1 && content.lastIndexOf(token) === at) {
    return { offset: start + at, length: token.length };
  }
  const indent = content.length - content.trimStart().length;
  return { offset: start + indent, length: content.trim().length };
}

function explain(message: string): string {
  if (/^its \d+ bytes/.test(message)) return 'move most of it into a separate script, and call that script';
  const expected = /expecting "([^"]+)"/.exec(message)?.[1];
  if (expected !== undefined) return `add the missing \`${expected}\``;
  if (/unterminated quoted/i.test(message)) return 'close it, or close the quote before it';
  if (/backquote|missing '/i.test(message)) return 'close it';
  if (/"(then|elif|else|fi|do|done|esac|\}|\)|;;)" unexpected/.test(message))
    return 'it does not close anything: remove it';
  if (message.includes('"(" unexpected')) return 'sh does not have arrays: quote it if it is text';
  if (message.includes('end of file')) return 'add a command after it';
  return 'correct it; `sh -n` checks a text without running it';
}
