import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ShellProgram } from '../../src/shell/program.ts';
import type { ScriptCase } from './random-script.ts';

/** What can be seen of a script from outside. */
export interface Recording {
  /** A line for each call: its program, arguments, watched variables and standard input. */
  readonly calls: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly succeeded: boolean;
}

export const recordingPrograms = ['p1', 'p2', 'p3'] as const;
/** The variables whose values a program records. */
export const watched = ['a', 'b', 'c', 'X', 'Y', 'Z', 'N'] as const;

/** Records its call and ends as the file `failures` says. p3 reads its standard input, the others do not. */
const standIn = `#!/bin/dash
here=\${0%/*}
read -r n <"$here/count"
echo $((n + 1)) >"$here/count"
read -r failures <"$here/failures"
{
  printf '%s\\000' "\${0##*/}" "$@"
  printf '\\001\\000'
${watched.map((name) => `  printf '%s\\000' "${name}=\${${name}-unset}"`).join('\n')}
  if [ "\${0##*/}" = p3 ]; then
    while IFS= read -r line; do printf '%s\\n' "$line"; done
    printf '%s' "$line"
  fi
  printf '\\002'
} >>"$here/calls"
echo "out $n"
echo "err $n" >&2
while [ "$n" -gt 0 ]; do failures=\${failures#?}; n=$((n - 1)); done
case $failures in 1*) exit 3 ;; esac
exit 0
`;

/** Programs in a directory of their own that record how a shell calls them. */
export class RecordingShell {
  readonly #program: ShellProgram;
  readonly #directory: string;

  constructor(program: ShellProgram, directory: string) {
    this.#program = program;
    this.#directory = directory;
    mkdirSync(join(directory, 'work'), { recursive: true });
    for (const name of recordingPrograms) writeFileSync(join(directory, name), standIn, { mode: 0o755 });
    for (const name of ['cut', 'tr', 'cat']) symlinkSync(`/usr/bin/${name}`, join(directory, name));
  }

  async run({ script, exitsOnFailure, environment, stdin, failures }: ScriptCase): Promise<Recording> {
    const directory = this.#directory;
    writeFileSync(join(directory, 'count'), '0\n');
    writeFileSync(join(directory, 'calls'), '');
    writeFileSync(join(directory, 'failures'), `${failures.map((fails) => (fails ? '1' : '0')).join('')}\n`);
    const { file, arguments: fixed } = this.#program;
    const child = spawn(file, [...fixed, exitsOnFailure ? '-ec' : '-c', script], {
      cwd: join(directory, 'work'),
      env: { ...environment, PATH: directory },
      timeout: 10_000,
      killSignal: 'SIGKILL',
    });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const calls = readFileSync(join(directory, 'calls'), 'utf8').split('\u0002').slice(0, -1);
    return { calls, stdout: stdout(), stderr: stderr(), succeeded: status === 0 };
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
