import type { Shell } from '../shell/shell.ts';
import type { BatchTool } from './tools/batch-tool.ts';
import { batchTools } from './tools/table.ts';

/** The longest time in which the programs say which ones they are, in milliseconds. */
const longestMs = 5000;

/** A line between two answers. */
const separator = '--';

/**
 * Finds the tools whose programs are the ones meant: BusyBox has an `ip` of its own. A program that does not answer as expected is missing
 * from the result.
 */
export async function findTools(
  shell: Shell,
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<readonly BatchTool[]> {
  const questions = batchTools.map(({ program, identity }) => `${program} ${identity} 2>&1 </dev/null`);
  const outcome = await shell.run({
    script: { text: questions.join(`\necho; echo ${separator}\n`), stopOnError: false, notes: [] },
    environment: { ...environment, LC_ALL: 'C' },
    stdin: '',
    cwd,
    timeoutMs: longestMs,
  });
  if (outcome.kind === 'unstartable') return [];
  const answers = outcome.stdout.text.split(`\n${separator}\n`);
  return batchTools.filter(({ answer }, index) => answer.test(answers[index] ?? ''));
}
