import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Longer than any argument vector of the tests, so that strace shows each one whole. */
const longestString = 1_000_000;

/**
 * The argument vectors of every process that a command begins: `strace` follows it and all that descends from it, whatever
 * their programs are called. The tools of a recipe that are not on a node's PATH are in a folder.
 */
export class RecordedPrograms {
  /** For the PATH of a node: the tools by their names. */
  readonly folder: string;
  readonly #directory: string;
  readonly #records: string[] = [];
  readonly #tools: readonly string[];

  /** `tools` are paths. */
  constructor(directory: string, tools: readonly string[]) {
    this.folder = join(directory, 'bin');
    this.#directory = directory;
    this.#tools = tools.map((tool) => basename(tool));
    mkdirSync(this.folder, { mode: 0o755 });
    for (const tool of tools) symlinkSync(tool, join(this.folder, basename(tool)));
  }

  /**
   * The words that run a command under strace. The command keeps its process id, and its end is not delayed: strace is another process
   * (-DD). Only the calls that begin a program stop a process (--seccomp-bpf), since a stop at each call takes many times as long.
   */
  through(): readonly string[] {
    const record = join(this.#directory, `executed-${this.#records.length}`);
    this.#records.push(record);
    return [
      ...[
        'strace',
        '-DD',
        '-f',
        '-qq',
        '--seccomp-bpf',
        '-e',
        'trace=execve,execveat',
        '-e',
        'signal=none',
        '-I',
        '2',
      ],
      ...['-s', String(longestString), '-o', record, '--'],
    ];
  }

  /** The shell and the tools that no process has run so far: of these, the record proves nothing. */
  get unseen(): readonly string[] {
    return ['sh', ...this.#tools].filter((name) => !this.vectors.includes(`/${name}", ["`));
  }

  /** Every call of execve so far, a line each, without the environments: a secret belongs there. */
  get vectors(): string {
    return this.#records.map((record) => readFileSync(record, 'utf8')).join('');
  }
}
