import { workerVariables } from './worker-text.ts';

type Environment = Readonly<Record<string, string>>;

/** Longer changes are for a new worker; it also tells whether a value is longer than the kernel takes. */
const longestChange = 4096;

/** Names that a shell takes as variables. */
const variableName = /^[A-Za-z_]\w*$/;

/** Variables that shells set or read themselves: what they mean is settled when a shell starts. */
const shellsOwn = new Set<string>([
  ...['_', 'ENV', 'FUNCNAME', 'HOSTNAME', 'IFS', 'LINENO', 'OLDPWD', 'OPTARG', 'OPTIND', 'PPID'],
  ...['PS1', 'PS2', 'PS4', 'PWD', 'RANDOM', 'SECONDS', 'SHELLOPTS', 'SHLVL', 'UID', 'EUID'],
]);

/** Whether a worker may have an environment: none of its names may be one that the worker uses. */
export function suitsWorker(environment: Environment): boolean {
  return workerVariables.every((name) => !Object.hasOwn(environment, name));
}

/**
 * Lists what changes one environment into another, as the worker's environment file has it. Undefined if a running
 * shell cannot be brought to it: a new one is then to be started with it.
 */
export function listEnvironmentChanges(from: Environment, to: Environment): string | undefined {
  const changed = Object.keys(to).filter((name) => to[name] !== from[name]);
  const gone = Object.keys(from).filter((name) => !Object.hasOwn(to, name));
  if (![...changed, ...gone].every(isPlainVariable)) return undefined;
  const text = [
    ...gone.map((name) => `-${name}\n`),
    ...changed.map((name) => setLines(name, to[name] ?? '')),
  ].join('');
  return text.length > longestChange || text.includes('\0') ? undefined : text;
}

function isPlainVariable(name: string): boolean {
  return variableName.test(name) && !shellsOwn.has(name);
}

function setLines(name: string, value: string): string {
  const lines = `${name}=${value}`.split('\n');
  return lines.map((line, index) => `${index < lines.length - 1 ? '+' : '='}${line}\n`).join('');
}
