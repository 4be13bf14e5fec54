import { systemShell, type ShellProgram } from '../../src/shell/program.ts';
import { hasBash } from '../shell/implementations.ts';

/** The shells that a compiled script must agree with. */
export const shells: readonly ShellProgram[] = [
  systemShell,
  { file: '/usr/bin/busybox', name: 'busybox', arguments: ['sh'] },
  // Without --norc, it takes a socket at its standard input for a login from afar.
  ...(hasBash ? [{ file: '/usr/bin/bash', name: 'bash', arguments: ['--norc', '--posix'] }] : []),
];
