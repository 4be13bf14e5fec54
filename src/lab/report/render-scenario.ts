import { formatCount, formatDuration } from '../../diagnostic/words.ts';
import { closingMark, describeLife, renderNodes, renderTroubles, type RenderOptions } from './render.ts';
import type { LabTrouble } from './report.ts';
import type { ScenarioReport, StepReport } from './scenario-report.ts';

/** The widest column of steps. A longer text moves its time to the right. */
const widestText = 72;

/**
 * Renders the report of `lab run --scenario` for people: nodes, steps, failures, and one closing line.
 *
 * @param file the path of the scenario, for the lines of failed steps
 */
export function renderScenario(
  report: ScenarioReport,
  troubles: readonly LabTrouble[],
  file: string,
  options: RenderOptions,
): string {
  const { nodes, leftovers } = report;
  const sections = [renderNodes(nodes, options), renderSteps(report.steps, file, options)];
  if (troubles.length > 0) sections.push(renderTroubles(troubles, options));
  if (leftovers.length > 0)
    sections.push(
      leftovers.map((trace) => `${closingMark(false, options)} left behind: ${trace}`).join('\n'),
    );
  sections.push(closingLine(report, options));
  return `${sections.join('\n\n')}\n`;
}

function renderSteps(steps: readonly StepReport[], file: string, options: RenderOptions): string {
  const longest = Math.max(...steps.map(({ text }) => text.length));
  const width = { number: String(steps.length).length, text: Math.min(longest, widestText) };
  return steps.flatMap((step) => renderStep(step, file, width, options)).join('\n');
}

function renderStep(
  step: StepReport,
  file: string,
  width: { readonly number: number; readonly text: number },
  options: RenderOptions,
): readonly string[] {
  const { number, text, outcome, note, detail, line, tookMs } = step;
  const head = `${String(number).padStart(width.number)}  ${text.padEnd(width.text)}`;
  const indent = ' '.repeat(width.number + 4);
  switch (outcome) {
    case 'done':
      return [
        `${closingMark(true, options)} ${head}  ${formatDuration(tookMs)}${note === null ? '' : `, ${note}`}`,
      ];
    case 'skipped':
      return [`· ${head}  not tried`];
    case 'failed':
      return [
        `${closingMark(false, options)} ${head}  ${formatDuration(tookMs)}`,
        `${indent}${note ?? ''}`,
        `${indent}${file}:${line}`,
        ...(detail ?? '')
          .split('\n')
          .filter((each) => each !== '')
          .map((each) => `${indent}${each}`),
      ];
  }
}

function closingLine(report: ScenarioReport, options: RenderOptions): string {
  const { scenario, recipe, steps, nodes, passed } = report;
  const done = steps.filter(({ outcome }) => outcome === 'done').length;
  const clauses = [
    formatCount(nodes.length, 'node'),
    `${done} of ${formatCount(steps.length, 'step')}`,
    ...describeLife(report),
  ];
  return `${closingMark(passed, options)} ${scenario} with ${recipe}: ${clauses.join(', ')}`;
}
