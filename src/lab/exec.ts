import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { showInvisible } from '../diagnostic/visible-text.ts';
import { Failure } from '../diagnostic/failure.ts';
import { beforeSignalEnds } from '../host/interruption.ts';
import { describeFailedStart } from '../host/run-program.ts';
import { askStatus } from './process/control-client.ts';
import { occupantMarker } from './process/enter-place.ts';
import { findLab } from './process/find.ts';
import { GroupWitness } from './process/group-witness.ts';
import { Namespaces } from './process/namespaces.ts';
import { findPlace, listPlaces } from './process/places.ts';
import { isRunning, listTree, signalEach, wordsOfProcess, type TreeProcess } from './process/process-tree.ts';
import { nodeEnvironment } from './inside/node/environment.ts';

/** The time in which a command ends by a signal before it is killed, in milliseconds. */
const graceMs = 1000;

/** The time in which a killed command ends, in milliseconds. */
const killedMs = 400;

/** The interval of the looks at the processes of a command, in milliseconds. */
const lookEveryMs = 10;

/**
 * `lab exec`: runs a command in a node, in a node's pod or in the underlay, on this terminal. Returns its exit code. A signal to this process
 * is passed to the command.
 */
export async function execInLab(
  name: string,
  placeName: string,
  command: readonly string[],
): Promise<number> {
  const lab = findLab(name);
  const status = await askStatus(lab);
  const place = findPlace(lab.name, listPlaces(status), placeName);
  const environment = nodeEnvironment(place.node, process.env, status.store);
  const shownAs = `${showInvisible(command[0] ?? '')} in ${place.name} of the lab ${lab.name}`;
  return runHere(new Namespaces(lab, status).occupant(place, command), environment, shownAs);
}

/** @param shownAs the command, as a noun */
async function runHere(
  words: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  shownAs: string,
): Promise<number> {
  const [program, ...args] = words;
  const child = spawn(program, args, { stdio: 'inherit', env });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => {
      const message = `the lab cannot be entered: ${describeFailedStart(program, cause)}`;
      reject(new Failure('prerequisite', message, { hint: 'install util-linux 2.33 or newer', cause }));
    });
    child.on('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  const witness = hasTerminal() ? new GroupWitness() : undefined;
  const ending = new AbortController();
  const release = beforeSignalEnds(async (signal) => {
    // The terminal sends it to the command as well, and the command decides.
    if (signal === 'SIGINT' && (await witness?.saw()) === true) return undefined;
    ending.abort();
    const how = await endCommand(child.pid ?? 0, signal);
    return { what: shownAs, now: `${signal} was passed to the command, which ${how}.` };
  });
  try {
    const code = await ended;
    // The signal ends this process, and says why.
    return ending.signal.aborted ? await new Promise<never>(() => undefined) : code;
  } finally {
    release();
    witness?.end();
  }
}

/** Whether this process has a controlling terminal. */
function hasTerminal(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4] !== '0';
}

/**
 * Passes a signal to a command and to its process group, as a terminal does, and kills all that is left of it after a second. Returns how the
 * command ended, as a clause.
 *
 * @param root the process that waits for the command
 */
async function endCommand(root: number, signal: NodeJS.Signals): Promise<string> {
  const deadline = performance.now() + graceMs;
  let group: readonly TreeProcess[] = [];
  // It may only just have been started.
  while (group.length === 0 && performance.now() < deadline) {
    const tree = listTree(root);
    if (tree.length === 0) return 'had ended already';
    group = findGroup(tree);
    if (group.length === 0) await delay(lookEveryMs);
  }
  signalEach(group, signal);
  const isLeft = (): boolean => group.some(isRunning) || listTree(root).length > 0;
  while (isLeft() && performance.now() < deadline) await delay(lookEveryMs);
  if (!isLeft()) return 'has ended';
  const rest = [...listTree(root), ...group];
  const isCommandLeft = group[0] === undefined || isRunning(group[0]);
  signalEach(rest, 'SIGKILL');
  const last = performance.now() + killedMs;
  while (rest.some(isRunning) && performance.now() < last) await delay(lookEveryMs);
  if (rest.some(isRunning))
    return 'was killed after 1 s, but waits in the kernel and has not ended yet; see dmesg';
  return isCommandLeft
    ? 'did not end within 1 s and was killed'
    : 'has ended, but not its child processes, which were killed after 1 s';
}

/**
 * The command that a tree of processes waits for, and then the others of its process group. Empty if it has not begun or has ended.
 */
function findGroup(tree: readonly TreeProcess[]): readonly TreeProcess[] {
  let command = tree[0];
  while (command !== undefined && wordsOfProcess(command.pid).includes(occupantMarker)) {
    const { pid } = command;
    command = tree.find(({ parent }) => parent === pid);
  }
  if (command === undefined) return [];
  const { pid, group } = command;
  return [command, ...tree.filter((each) => each.group === group && each.pid !== pid)];
}
