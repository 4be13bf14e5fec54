import { chooseNoteDescriptor } from '../lines/line-notes.ts';
import { composeShellText } from '../lines/shell-text.ts';
import type { Script } from '../shell.ts';

/*
 * A worker is a shell that reads commands from its stdin. Only then is the subshell of a job the same as with `sh -c`: inside a loop, `break`
 * would end the job; inside a function, `local` would work. The commands below are the same for every job. The differences between jobs are
 * in files, and in variables that are read from a file.
 */

/**
 * The descriptors of a worker from 3 on. The descriptors of FIFOs count neither as a reader nor as a writer. Each job opens its own ends,
 * so the end of the stream shows that nothing of the job is left.
 */
export const workerDescriptors = ['stdout', 'stderr', 'notes', 'script', 'stdin', 'environment'] as const;

export type WorkerDescriptor = (typeof workerDescriptors)[number];

const firstDescriptor = 3;
const pathOf = (name: WorkerDescriptor) =>
  `/proc/self/fd/${firstDescriptor + workerDescriptors.indexOf(name)}`;

/** The first input of a worker. It sends the worker's own messages to stdout. */
export const startText = 'exec 2>&1\n';

/** The variables that a worker itself uses while it changes its environment. */
export const workerVariables = ['heddle_line', 'heddle_before'] as const;

/**
 * Makes the changes in the environment file, one on each line: `=NAME=value` sets, `-NAME` unsets. A value of several lines begins with its
 * other lines, each marked with `+`.
 */
export const changeEnvironmentText = `\
while IFS= read -r heddle_line; do case $heddle_line in
+*) heddle_before=$heddle_before\${heddle_line#+}'
' ;;
=*) export "$heddle_before\${heddle_line#=}"; heddle_before= ;;
-*) unset "\${heddle_line#-}" ;;
esac; done <${pathOf('environment')}; unset ${workerVariables.join(' ')}
`;

/**
 * Runs a job and reports how its shell ended. Each pipe is first opened in both directions, because a pipe whose reader, the daemon, has
 * just died would never open for writing alone. The note says that the job has begun.
 */
export const runText = `\
( echo >&9; . ${pathOf('script')} ) \
8<>${pathOf('stdout')} >${pathOf('stdout')} 8<>${pathOf('stderr')} 2>${pathOf('stderr')} \
9<>${pathOf('notes')} <${pathOf('stdin')}; echo "=$?"
`;

/** Reads a worker's report on a job: its status, and before that the name of a signal that ended it. */
export function readStatus(said: string): { readonly status: number; readonly message: string } | undefined {
  const match = /^([^]*?)=(\d+)\n$/.exec(said);
  if (match === null) return undefined;
  return { status: Number(match[2]), message: match[1] ?? '' };
}

/**
 * The content of the script file for a script. The script's own text begins on the same line, and nothing of the worker is open or set at
 * that point. One descriptor that the script does not use stays open, for notes and to show whether any of its processes is left. Undefined
 * without such a descriptor, or if the script cannot be in a file.
 */
export function composeScriptFile(script: Script): string | undefined {
  const notesTo = chooseNoteDescriptor(script.text);
  if (notesTo === undefined || script.text.includes('\0')) return undefined;
  const own = workerDescriptors.map((_, index) => `${firstDescriptor + index}<&-`);
  const move = notesTo === 9 ? [] : [`${notesTo}>&9`, '9>&-'];
  const stopOnError = script.stopOnError ? 'set -e; ' : '';
  return `exec ${[...own, ...move].join(' ')}; ${stopOnError}${composeShellText(script).text}`;
}

/** Changes the shell's own messages to the form of `sh -c`, without the path of the script file. */
export function cleanMessages(stderr: string): string {
  if (!stderr.includes(scriptPath)) return stderr;
  return messageForms.reduce((text, [form, plain]) => text.replaceAll(form, plain), stderr);
}

const scriptPath = pathOf('script');

/** The beginnings of messages of dash, busybox and bash about a line of a file, and their forms with `sh -c`. */
const messageForms: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^sh: (\\d+): ${scriptPath}: `, 'gm'), 'sh: $1: '],
  [new RegExp(`^sh: ${scriptPath}: (?:line \\d+: )?`, 'gm'), 'sh: '],
  [new RegExp(`^${scriptPath}: line `, 'gm'), 'sh: line '],
];
