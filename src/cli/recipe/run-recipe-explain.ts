import { usesColour } from '../../host/terminal-colour.ts';
import { Chalk, type ChalkInstance } from 'chalk';
import { quote } from 'shell-quote';
import {
  explainRecipe,
  hiddenSecret,
  type ExplainRequest,
  type RecipeExplanation,
  type PlannedRun,
} from '../../explain/explain-recipe.ts';
import type { ExplainedCalls } from '../../explain/explain-calls.ts';
import { showInvisible } from '../../diagnostic/visible-text.ts';

/** Prints what would run. */
export async function explain(request: ExplainRequest, json: boolean): Promise<void> {
  const explanation = await explainRecipe(request);
  const colour = usesColour(process.stdout);
  process.stdout.write(
    json
      ? `${JSON.stringify(explanation)}\n`
      : renderExplanation(explanation, new Chalk({ level: colour ? 1 : 0 })),
  );
}

function renderExplanation({ recipe, type, runs, assumed }: RecipeExplanation, chalk: ChalkInstance): string {
  const head =
    `Recipe ${recipe}, type ${type}. Nothing runs. These values are examples:\n` +
    `  this node  ${assumed.node}\n  the peer   ${assumed.peer}\n  its data   ${assumed.data}\n`;
  if (runs.length === 0) return `${head}\nThe recipe does not have a command.\n`;
  return head + runs.map((run) => `\n${renderRun(run, chalk)}`).join('');
}

function renderRun(run: PlannedRun, chalk: ChalkInstance): string {
  const { event, command, shell, script, environment, stdin, calls, cwd, umask, timeoutSeconds } = run;
  const limit =
    timeoutSeconds === null ? 'for as long as the network is up' : `for at most ${timeoutSeconds} s`;
  const variables = Object.entries(environment).map(
    ([name, value]) => `${name}=${value === hiddenSecret ? value : renderValue(showInvisible(value))}`,
  );
  const section = (title: string, lines: readonly string[]): string =>
    `  ${chalk.cyan(title)}\n${lines.map((line) => `    ${line}`.trimEnd() + '\n').join('')}`;
  return [
    `${chalk.bold(command)} (--event ${event})\n`,
    `  ${shell}, in ${cwd}, umask ${umask}, ${limit}\n`,
    section('script', script.split('\n').map(showInvisibleButTabs)),
    section('environment, in addition to the daemon’s own without its secrets', variables),
    section('standard input', describeInput(stdin)),
    calls === null ? '' : section('calls, if each succeeds', describeCalls(calls)),
  ].join('');
}

function describeCalls(calls: ExplainedCalls): readonly string[] {
  switch (calls.kind) {
    case 'shell':
      return [`(only a shell can tell: line ${calls.line}: ${calls.because})`];
    case 'calls':
      if (calls.calls.length === 0) return ['(none)'];
      return calls.calls.map(({ program, arguments: words, line }) => {
        const command = [program, ...words].map((word) => renderValue(showInvisible(word))).join(' ');
        return `${command}  # line ${line}`;
      });
  }
}

/** An address reads better without the backslashes that shell-quote puts before its colons, and needs none. */
function renderValue(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : quote([value]);
}

function describeInput(stdin: string): readonly string[] {
  if (stdin === '') return ['(empty)'];
  // Of a peer without backend data.
  return stdin === '\n' ? ['(an empty line)'] : stdin.trimEnd().split('\n').map(showInvisibleButTabs);
}

/** Tabs separate the columns of a peer's line, and indent scripts. */
function showInvisibleButTabs(text: string): string {
  return text.split('\t').map(showInvisible).join('\t');
}
