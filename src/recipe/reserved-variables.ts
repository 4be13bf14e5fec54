import { contractVariables } from './contract-variables.ts';
import { isInherited } from './inherited-variables.ts';

/** Variables that the shell and every program depend on. */
const systemVariables: readonly string[] = [
  ...['PATH', 'HOME', 'SHELL', 'ENV', 'IFS', 'PWD', 'OLDPWD', 'PPID', 'UID', 'OPTIND', 'OPTARG', 'OPTERR'],
  ...['PS1', 'PS2', 'PS4', 'LINENO', 'LANG', 'LANGUAGE', 'TERM', 'TMPDIR', 'USER', 'LOGNAME'],
];

/**
 * `MTU` is free: a parameter of that name replaces the underlay's MTU, and the contract's MTU is calculated from it.
 */
const reserved: ReadonlySet<string> = new Set(
  [...contractVariables, ...systemVariables].filter((variable) => variable !== 'MTU'),
);

/** `LOCAL_` is the contract's for this node's side of things, `DATA_` and `DATA6_` for a peer's backend data. */
const reservedPrefixes = ['LOCAL_', 'DATA_', 'DATA6_', 'LD_', 'LC_', 'BASH_'];

/** Whether a parameter may not have this variable, because it means something else to a command. */
export function isReservedVariable(variable: string): boolean {
  return reserved.has(variable) || reservedPrefixes.some((prefix) => variable.startsWith(prefix));
}

/** Variables that the shell sets itself. */
const ofShell: readonly string[] = 'IFS PWD OLDPWD PPID OPTIND OPTARG OPTERR PS1 PS2 PS4 LINENO'.split(' ');

/** Whether every command has this variable, or may well inherit it, without anybody naming it. */
export function isSystemVariable(variable: string): boolean {
  return ofShell.includes(variable) || isInherited(variable);
}
