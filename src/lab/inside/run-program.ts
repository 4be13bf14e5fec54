import { spawn } from 'node:child_process';
import { Failure } from '../../diagnostic/failure.ts';

/**
 * Runs a program to its end with `input` on its stdin and returns its stdout; throws a {@link Failure} with its stderr
 * if it fails.
 */
export function runProgram(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A program that fails before it has read everything closes its stdin; its exit says more than this does.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (cause) => {
      const message = `${program} could not be started for the lab: ${cause.message}`;
      reject(new Failure('prerequisite', message, { hint: `install ${program}`, cause }));
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else {
        const how = signal === null ? `exited with status ${code ?? '?'}` : `was ended by ${signal}`;
        const message = `${program} ${args.join(' ')} ${how} while the lab was being built`;
        reject(new Failure('prerequisite', message, { detail: stderr.trimEnd() }));
      }
    });
  });
}

/** Runs lines in one `ip -batch`, in the network namespace named, or in the lab's own. */
export async function runIpBatch(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  const where = namespace === undefined ? [] : ['-netns', namespace];
  await runProgram('ip', [...where, '-batch', '-'], lines.join('\n') + '\n');
}
