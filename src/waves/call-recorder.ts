import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../host/run-program.ts';
import type { RecordedCall } from '../compile/compare-run.ts';

/** The beginning of the name of a run's directory. The dot says that it is not part of the state. */
const prefix = '.verify-';

/**
 * Stands on PATH in place of a program: records the call, and then runs the program. It sets no variable that the program could see.
 *
 * The script file of a shell is a file, and so is often its standard input: then the rest of it is copied, and the program reads it all
 * the same. Of a pipe only a program's own input is recorded, because what is read from a pipe is gone.
 */
const standIn = `#!/bin/sh
set -- "$(
  heddle=0
  while [ -e "\${0%/bin/*}/$heddle.words" ]; do heddle=$((heddle + 1)); done
  printf %s "\${0%/bin/*}/$heddle"
)" "$@"
(
  heddle=$1
  shift
  for heddle_word in "\${0##*/}" "$@"; do printf '%s\\000' "$heddle_word"; done >"$heddle.words"
)
cat "/proc/$$/environ" >"$1.environment"
if [ -f "/proc/$$/fd/0" ]; then
  cat "/proc/$$/fd/0" >"$1.stdin"
  cat "/proc/$$/fdinfo/0" >"$1.place"
elif [ -p "/proc/$$/fd/0" ] && [ -e "\${0%/bin/*}/reads-\${0##*/}" ]; then
  cat >"$1.stdin"
  exec <"$1.stdin"
fi
(
  shift
  PATH=\${PATH#"\${0%/*}:"}
  exec "\${0##*/}" "$@"
)
set -- "$1" "$?"
echo "$2" >"$1.status"
exit "$2"
`;

/** One run of a shell whose calls are recorded. */
export interface Recording {
  /** The PATH for the shell. */
  readonly path: string;
  /** The calls that the shell has made. */
  read(): Promise<readonly RecordedCall[]>;
  /** Deletes the records, which may contain secrets. */
  end(): Promise<void>;
}

/** Records which programs a shell calls, by stand-ins in a directory of its own for each run. */
export class CallRecorder {
  readonly #parent: string;

  private constructor(parent: string) {
    this.#parent = parent;
  }

  /**
   * Opens a recorder in the first of the directories where programs can be executed; undefined if there is none. Removes from the first
   * directory the records of an earlier process.
   */
  static async open([own, ...others]: readonly [string, ...string[]]): Promise<CallRecorder | undefined> {
    for (const name of await readdir(own))
      if (name.startsWith(prefix)) await rm(join(own, name), { recursive: true, force: true });
    for (const parent of [own, ...others]) if (await canExecute(parent)) return new CallRecorder(parent);
    return undefined;
  }

  /**
   * Prepares the run of a shell.
   *
   * @param path the PATH that it would have
   * @param programs the names of the programs whose calls are recorded
   * @param readers those of them that read their standard input
   */
  async begin(path: string, programs: readonly string[], readers: readonly string[]): Promise<Recording> {
    const directory = await mkdtemp(join(this.#parent, prefix));
    const bin = join(directory, 'bin');
    const end = (): Promise<void> => rm(directory, { recursive: true, force: true });
    try {
      await mkdir(bin);
      for (const name of programs) await writeFile(join(bin, name), standIn, { mode: 0o700 });
      for (const name of readers) await writeFile(join(directory, `reads-${name}`), '');
    } catch (error) {
      await end();
      throw error;
    }
    return { path: `${bin}:${path}`, read: () => readCalls(directory, `${bin}:`), end };
  }
}

/** Whether programs in a directory can be executed: not if its file system is mounted with noexec. */
async function canExecute(parent: string): Promise<boolean> {
  // A colon separates the directories of PATH.
  if (parent.includes(':')) return false;
  const directory = await mkdtemp(join(parent, prefix));
  const program = join(directory, 'program');
  try {
    await writeFile(program, '#!/bin/sh\n', { mode: 0o700 });
    await runProgram(program, []);
    return true;
  } catch {
    return false;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readCalls(directory: string, pathBefore: string): Promise<readonly RecordedCall[]> {
  const names = new Set(await readdir(directory));
  const text = async (name: string) =>
    (await readFile(join(directory, name), 'utf8')).replaceAll(pathBefore, '');
  const calls: RecordedCall[] = [];
  // A stand-in that was ended with its shell may not have recorded all of its call.
  for (let index = 0; names.has(`${index}.words`) && names.has(`${index}.environment`); index += 1) {
    const [program = '', ...words] = (await text(`${index}.words`)).split('\0').slice(0, -1);
    const entries = (await text(`${index}.environment`)).split('\0').slice(0, -1);
    const environment = Object.fromEntries(entries.map((entry) => splitAt(entry, '=')));
    const place = names.has(`${index}.place`)
      ? Number(/^pos:\s*(\d+)/m.exec(await text(`${index}.place`))?.[1] ?? 0)
      : 0;
    const stdin = names.has(`${index}.stdin`)
      ? (await readFile(join(directory, `${index}.stdin`))).subarray(place).toString()
      : undefined;
    // A stand-in that was ended before its program did not write a status; then the shell was ended, too.
    const succeeded = names.has(`${index}.status`) && (await text(`${index}.status`)) === '0\n';
    calls.push({
      program,
      arguments: words,
      environment,
      stdin,
      outcome: succeeded ? 'succeeded' : 'failed',
    });
  }
  return calls;
}

function splitAt(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
