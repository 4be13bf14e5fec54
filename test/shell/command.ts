import type { Command } from '../../src/recipe/recipe.ts';
import type { Job } from '../../src/shell/shell.ts';

/** A command of the array form, each line with a span that tells its number. */
export function linesCommand(...lines: string[]): Command {
  return {
    name: 'PostStartupCommand',
    form: 'lines',
    lines: lines.map((text, index) => ({ text, span: { offset: index, length: 1 } })),
  };
}

export function stringCommand(text: string): Command {
  return { name: 'PostStartupCommand', form: 'string', lines: [{ text, span: { offset: 0, length: 1 } }] };
}

/** A job of a string, to be changed where a test needs it. */
export function jobOf(text: string, changes: Partial<Job> = {}): Job {
  return {
    script: { text, stopOnError: false, notes: [] },
    environment: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
    stdin: '',
    cwd: '/',
    timeoutMs: 20_000,
    ...changes,
  };
}
