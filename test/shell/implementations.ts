import { spawnSync } from 'node:child_process';
import { createOneShotShell, type OneShotShellOptions } from '../../src/shell/one-shot-shell.ts';
import { systemShell, type ShellProgram } from '../../src/shell/program.ts';
import type { Shell } from '../../src/shell/shell.ts';
import { createWorkerPool } from '../../src/shell/pool/worker-pool.ts';

const busybox: ShellProgram = { file: 'busybox', name: 'busybox', arguments: ['sh'] };

/** What /bin/sh is on some systems. */
export const bash: ShellProgram = { file: 'bash', name: 'sh', arguments: ['--posix'] };

export const hasBash = spawnSync('bash', ['--posix', '-c', ':']).status === 0;

/** The programs that both kinds of shell are tested with. */
export const shellPrograms: readonly { readonly name: string; readonly program: ShellProgram }[] = [
  { name: 'sh', program: systemShell },
  { name: 'busybox sh', program: busybox },
];

const kinds = [
  { name: 'a process for each job', create: createOneShotShell },
  {
    name: 'a pool of workers',
    create: (options: OneShotShellOptions) => createWorkerPool({ size: 2, ...options }),
  },
];

interface Implementation {
  readonly name: string;
  readonly program: ShellProgram;
  readonly create: (options?: OneShotShellOptions) => Shell;
}

/** Everything that must pass the tests of the contract of a {@link Shell}. */
export const implementations: readonly Implementation[] = kinds.flatMap((kind) =>
  shellPrograms.map(({ name, program }) => ({
    name: `${kind.name}, ${name}`,
    program,
    create: (options: OneShotShellOptions = {}) => kind.create({ program, ...options }),
  })),
);
