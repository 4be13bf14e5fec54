/** The shell that runs a recipe's commands: a file, and what precedes its own options. */
export interface ShellProgram {
  readonly file: string;
  /** The name that it is called by, which begins its own messages where there are no arguments. */
  readonly name: string;
  readonly arguments: readonly string[];
}

/** POSIX `sh` where every Linux has it, so that a recipe's own PATH cannot take its place. */
export const systemShell: ShellProgram = { file: '/bin/sh', name: 'sh', arguments: [] };
