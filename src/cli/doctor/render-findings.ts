import { Chalk, type ChalkInstance } from 'chalk';
import { showInvisible } from '../../diagnostic/visible-text.ts';
import { formatCount } from '../../diagnostic/words.ts';
import type { Finding, FindingLevel } from '../../doctor/finding.ts';

const marks: Readonly<Record<FindingLevel, string>> = { ok: '✓', warning: '!', error: '✗', unknown: '?' };

/** Renders findings as aligned lines, each with its cure below it, and a last line that counts them. */
export function renderFindings(findings: readonly Finding[], { colour }: { colour: boolean }): string {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap((finding) => renderFinding(finding, width, chalk));
  return `${lines.join('\n')}\n\n${countFindings(findings)}\n`;
}

function renderFinding(
  { check, level, message, advice, command }: Finding,
  width: number,
  chalk: ChalkInstance,
): readonly string[] {
  const paint = painterOf(level, chalk);
  const margin = ' '.repeat(width + 4);
  return [
    `${paint(marks[level])} ${check.padEnd(width)}  ${showInvisible(message)}`,
    ...(advice === null ? [] : [`${margin}${chalk.cyan('fix:')} ${showInvisible(advice)}`]),
    ...(command === null ? [] : [`${margin}${chalk.dim('#')} ${chalk.bold(showInvisible(command))}`]),
  ];
}

function painterOf(level: FindingLevel, chalk: ChalkInstance): ChalkInstance {
  switch (level) {
    case 'ok':
      return chalk.green;
    case 'warning':
      return chalk.yellow;
    case 'error':
      return chalk.red;
    case 'unknown':
      return chalk.dim;
  }
}

function countFindings(findings: readonly Finding[]): string {
  const count = (level: FindingLevel): number => findings.filter((finding) => finding.level === level).length;
  const errors = count('error');
  const counts = `${formatCount(errors, 'error')}, ${formatCount(count('warning'), 'warning')}`;
  const unknown = count('unknown');
  const rest = unknown === 0 ? '' : `; ${formatCount(unknown, 'check')} could not be made`;
  return errors > 0 ? `heddle up would not bring the network up: ${counts}${rest}` : `${counts}${rest}`;
}
