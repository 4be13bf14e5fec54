/** The shell that runs a recipe's commands: a file, and the arguments before its own options. */
export interface ShellProgram {
  readonly file: string;
  /** The shell's argv[0]. Without arguments, the shell's own messages begin with it. */
  readonly name: string;
  readonly arguments: readonly string[];
}

/** The system's shell: POSIX `sh` at its usual place, so that a recipe's PATH cannot replace it. */
export const systemShell: ShellProgram = { file: '/bin/sh', name: 'sh', arguments: [] };
