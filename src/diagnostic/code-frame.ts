import { Chalk, type ChalkInstance } from 'chalk';
import type { Diagnostic, Severity } from './diagnostic.ts';
import { frameLine } from './frame-line.ts';
import { positionAt, type SourceText, type Span } from './source.ts';
import { showInvisible } from './visible-text.ts';

/** A span over more lines than this is shown by its first lines and its last. */
const mostLines = 5;

/**
 * Prints diagnostics for a person: for each `file:line:column severity[code]: message`, the lines in question with the
 * exact place underlined, and the hint. Depends on nothing but its arguments; has no newline at the end.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  { colour }: { colour: boolean },
): string {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  return diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, chalk)).join('\n\n');
}

/** The parts of a failure, or a refusal, in addition to its sentence. */
interface Detail {
  readonly diagnostics: readonly Diagnostic[];
  /** Preformatted text. */
  readonly detail?: string | undefined;
}

/** The text below that sentence: the findings, then the output. Empty if there is neither. */
export function renderDetail({ diagnostics, detail = '' }: Detail, options: { colour: boolean }): string {
  const parts = [renderDiagnostics(diagnostics, options), detail];
  return parts.filter((part) => part !== '').join('\n');
}

function renderDiagnostic(diagnostic: Diagnostic, chalk: ChalkInstance): string {
  const { severity, code, message, source, span, hint } = diagnostic;
  const { line, column } = positionAt(source.text, span.offset);
  const place = chalk.bold(`${showInvisible(source.name)}:${line}:${column}`);
  const label = severityStyle(severity, chalk)(`${severity}[${code}]`);
  const head = `${place} ${label}: ${showInvisible(message)}`;
  const frame = renderFrame(source, span, severityStyle(severity, chalk), chalk);
  if (hint === undefined) return [head, ...frame].join('\n');
  return [head, ...frame, `  ${chalk.cyan('hint:')} ${showInvisible(hint)}`].join('\n');
}

function severityStyle(severity: Severity, chalk: ChalkInstance): ChalkInstance {
  return severity === 'error' ? chalk.red : chalk.yellow;
}

/** The lines that a span touches, numbered, each with marks below it. */
function renderFrame(source: SourceText, span: Span, mark: ChalkInstance, chalk: ChalkInstance): string[] {
  const lines = touchedLines(source.text, span);
  const gutter = String(lines.at(-1)?.number ?? 1).length;
  const rule = chalk.dim('|');
  return elide(lines).flatMap((line) => {
    if (line === undefined) return [`  ${' '.repeat(gutter)} ${chalk.dim('…')}`];
    const { code, marks } = frameLine(line.text, line.start, line.end);
    return [
      `  ${chalk.dim(String(line.number).padStart(gutter))} ${rule} ${code}`.trimEnd(),
      `  ${' '.repeat(gutter)} ${rule} ${mark(marks)}`,
    ];
  });
}

/** Puts undefined for the middle of too many lines. */
function elide<T>(lines: readonly T[]): readonly (T | undefined)[] {
  return lines.length <= mostLines
    ? lines
    : [...lines.slice(0, mostLines - 2), undefined, ...lines.slice(-1)];
}

/** A line that a span touches: its text without the line break, and the part of it that the span covers. */
interface TouchedLine {
  readonly number: number;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function touchedLines(text: string, span: Span): TouchedLine[] {
  const from = Math.min(span.offset, text.length);
  const to = Math.min(span.offset + span.length, text.length);
  const lines: TouchedLine[] = [];
  let lineStart = from === 0 ? 0 : text.lastIndexOf('\n', from - 1) + 1;
  for (let number = positionAt(text, from).line; ; number += 1) {
    const lineBreak = text.indexOf('\n', lineStart);
    const lineEnd = lineBreak === -1 ? text.length : lineBreak;
    const line = text.slice(lineStart, lineEnd).replace(/\r$/, '');
    const indent = line.length - line.trimStart().length;
    lines.push({
      number,
      text: line,
      start: lineStart <= from ? from - lineStart : indent,
      end: Math.min(to - lineStart, line.length),
    });
    // A span that ends with a line break does not reach into the next line.
    if (lineBreak === -1 || to <= lineEnd + 1) return lines;
    lineStart = lineEnd + 1;
  }
}
