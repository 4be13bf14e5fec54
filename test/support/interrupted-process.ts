import { spawn } from 'node:child_process';
import { endOf } from './ending.ts';
import { until } from './until.ts';

/** A module of the source, as a literal for an import in a script. */
export function sourceModule(file: string): string {
  return JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);
}

/**
 * Runs a script in a process of its own, and sends it the signals when it has printed "waits", each after the answer to the one before.
 * Returns the end of the process, and all else that it printed.
 */
export async function interruptScript(
  script: string,
  ...signals: readonly NodeJS.Signals[]
): Promise<{ readonly end: number | NodeJS.Signals; readonly says: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  const ended = endOf(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const wait = (what: string, condition: () => boolean) => until(what, condition, () => output);
  try {
    await wait('the process to wait', () => output.includes('waits'));
    for (const signal of signals) {
      child.kill(signal);
      await wait(`the answer to ${signal}`, () => output.includes(signal) || isOver());
    }
    await wait('its end', isOver);
    return { end: await ended, says: output.replace('waits\n', '') };
  } finally {
    child.kill('SIGKILL');
  }
}
