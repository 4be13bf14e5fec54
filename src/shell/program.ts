/** The shell that runs a recipe's commands: a file, and what precedes its own options. */
export interface ShellProgram {
  readonly file: string;
  /** The name that the shell is called by. Without arguments, the shell's own messages begin with it. */
  readonly name: string;
  readonly arguments: readonly string[];
}

/** POSIX `sh` where every Linux has it, so that a recipe's own PATH cannot take its place. */
export const systemShell: ShellProgram = { file: '/bin/sh', name: 'sh', arguments: [] };
