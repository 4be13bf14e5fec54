import { workerVariables } from './worker-text.ts';

type Environment = Readonly<Record<string, string>>;

/** The longest change in characters. A longer one needs a new worker, whose start shows whether a value is too long for the kernel. */
const longestChange = 4096;

/** The form of names that a shell accepts as variables. */
const variableName = /^[A-Za-z_]\w*$/;

/** Variables that shells set or read themselves, so that their meaning is fixed when a shell starts. */
const shellsOwn = new Set<string>([
  ...['_', 'ENV', 'FUNCNAME', 'HOSTNAME', 'IFS', 'LINENO', 'OLDPWD', 'OPTARG', 'OPTIND', 'PPID'],
  ...['PS1', 'PS2', 'PS4', 'PWD', 'RANDOM', 'SECONDS', 'SHELLOPTS', 'SHLVL', 'UID', 'EUID'],
]);

/** Whether a worker may have an environment, because it has none of the names that the worker uses. */
export function suitsWorker(environment: Environment): boolean {
  return workerVariables.every((name) => !Object.hasOwn(environment, name));
}

/**
 * Lists the changes from one environment to another, in the form of the worker's environment file. Undefined if a running shell cannot make
 * the changes, so that a new one must be started.
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
