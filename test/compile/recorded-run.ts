import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ShellProgram } from '../../src/shell/program.ts';
import type { ScriptCase } from './random-script.ts';

/** What can be seen of a script from outside. */
export interface RunRecord {
  /** A line for each call: its program, arguments, watched variables and standard input. */
  readonly calls: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly succeeded: boolean;
}

/** The programs that record their calls. */
export interface RecordingPrograms {
  readonly names: readonly string[];
  /** Those that read their standard input; the others do not. */
  readonly readers: readonly string[];
  /** The variables whose values a program records. */
  readonly watched: readonly string[];
}

/** The programs of random scripts. */
export const randomPrograms: RecordingPrograms = {
  names: ['p1', 'p2', 'p3'],
  readers: ['p3'],
  watched: ['a', 'b', 'c', 'X', 'Y', 'Z', 'N'],
};

/** The text of a program that records its call and ends as the file `failures` says. */
const standIn = (readsInput: boolean, watched: readonly string[]): string => `#!/bin/dash
here=\${0%/*}
read -r n <"$here/count"
echo $((n + 1)) >"$here/count"
read -r failures <"$here/failures"
{
  printf '%s\\000' "\${0##*/}" "$@"
  printf '\\001\\000'
${watched.map((name) => `  printf '%s\\000' "${name}=\${${name}-unset}"`).join('\n')}
${readsInput ? `  while IFS= read -r line; do printf '%s\\n' "$line"; done\n  printf '%s' "$line"\n` : ''}  printf '\\002'
} >>"$here/calls"
echo "out $n"
echo "err $n" >&2
while [ "$n" -gt 0 ]; do failures=\${failures#?}; n=$((n - 1)); done
case $failures in 1*) exit 3 ;; esac
exit 0
`;

/** A character that no case has. It ends the records of a case. */
const endOfCase = '\u0003';

/** The longest time for one case, in milliseconds. */
const longestMs = 10_000;

/** Programs in a directory of their own that record how a shell calls them. */
export class RecordingShell {
  readonly #program: ShellProgram;
  readonly #directory: string;

  constructor(program: ShellProgram, directory: string, { names, readers, watched }: RecordingPrograms) {
    this.#program = program;
    this.#directory = directory;
    mkdirSync(join(directory, 'work'), { recursive: true });
    for (const name of names)
      writeFileSync(join(directory, name), standIn(readers.includes(name), watched), { mode: 0o755 });
    for (const name of ['cut', 'tr', 'cat']) symlinkSync(`/usr/bin/${name}`, join(directory, name));
  }

  async run(given: ScriptCase): Promise<RunRecord> {
    const [recording] = await this.runAll([given]);
    if (recording === undefined) throw new Error('the case was not recorded');
    return recording;
  }

  /** Runs each case in a shell of its own. One shell starts them all, because a start from here takes much longer. */
  async runAll(cases: readonly ScriptCase[]): Promise<readonly RunRecord[]> {
    const directory = this.#directory;
    for (const name of ['calls', 'stdout', 'stderr', 'status']) writeFileSync(join(directory, name), '');
    const inputs = [...new Set(cases.map(({ stdin }) => stdin))];
    for (const [index, input] of inputs.entries()) writeFileSync(join(directory, `input-${index}`), input);
    const texts = cases.map((given) => this.#textOf(given, inputs.indexOf(given.stdin)));
    writeFileSync(join(directory, 'driver'), texts.join(''));
    const child = spawn('/usr/bin/dash', [join(directory, 'driver')], {
      cwd: join(directory, 'work'),
      env: { PATH: directory },
      timeout: longestMs * cases.length,
      killSignal: 'SIGKILL',
      stdio: 'ignore',
    });
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const read = (name: string) => readFileSync(join(directory, name), 'utf8').split(endOfCase);
    const [calls, stdout, stderr, status] = [read('calls'), read('stdout'), read('stderr'), read('status')];
    return cases.map((_, index) => ({
      calls: calls[index]?.split('\u0002').slice(0, -1) ?? [],
      stdout: stdout[index] ?? '',
      stderr: stderr[index] ?? '',
      succeeded: status[index] === '0',
    }));
  }

  /** The text that runs one case, and ends its records. */
  #textOf({ script, exitsOnFailure, environment, failures }: ScriptCase, input: number): string {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${quoteText(value)} `);
    const { file, arguments: fixed } = this.#program;
    const shell = [file, ...fixed, exitsOnFailure ? '-ec' : '-c', quoteText(script)].join(' ');
    const fails = failures.map((failing) => (failing ? '1' : '0')).join('');
    return [
      'echo 0 >../count',
      `echo ${fails} >../failures`,
      `${variables.join('')}${shell} <../input-${input} >>../stdout 2>>../stderr`,
      `printf '%s\\003' "$?" >>../status`,
      ...['calls', 'stdout', 'stderr'].map((name) => `printf '\\003' >>../${name}`),
      '',
    ].join('\n');
  }
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
