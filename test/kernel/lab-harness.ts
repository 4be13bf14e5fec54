import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { CommandEnd } from './harness/host.ts';
import { TemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

/** The program as people start it; its build is made by the test command. */
export const heddle = fileURLToPath(new URL('../../bin/heddle.js', import.meta.url));

/** A temporary directory for heddle, which every user can use: a lab that failed saves its logs there. */
const temporary = new TemporaryDirectory();
chmodSync(temporary.path, 0o1777);
process.on('exit', () => temporary.remove());
const surroundings = { TMPDIR: temporary.path };

interface RunOptions {
  readonly input?: string;
  /** What runs it: `setpriv …`. */
  readonly wrapper?: readonly string[];
  /** Besides this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of this checkout's `bin/heddle.js`. */
  readonly program?: string;
  /** The time that it may take. */
  readonly seconds?: number;
}

/** Runs heddle to its end, whatever its exit code. */
export async function runHeddle(
  args: readonly string[],
  { input = '', wrapper = [], environment = {}, program = heddle, seconds = 60 }: RunOptions = {},
): Promise<CommandEnd> {
  const [file = '', ...rest] = [...wrapper, process.execPath, program, ...args];
  const { exitCode, stdout, stderr } = await execa(file, rest, {
    reject: false,
    input,
    env: { ...surroundings, ...environment },
    timeout: seconds * 1000,
  });
  return { exitCode, stdout, stderr };
}

/** A `heddle lab run` or `lab up` that is under way. */
export interface LabProcess {
  readonly outer: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until a line of progress matches; rejects if the command ends first. */
  until(line: RegExp): Promise<void>;
  /** The exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export function spawnLab(args: readonly string[]): LabProcess {
  const outer = spawn(process.execPath, [heddle, 'lab', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...surroundings },
  });
  let stdout = '';
  let stderr = '';
  let isOver = false;
  outer.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  createInterface({ input: outer.stderr }).on('line', (line) => (stderr += line + '\n'));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    outer.on('close', (code, signal) => {
      isOver = true;
      resolve(code ?? signal ?? 'SIGKILL');
    });
  });
  return {
    outer,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    until: async (wanted) => {
      await until(
        `the lab to print ${String(wanted)}`,
        () => {
          if (wanted.test(stderr)) return true;
          if (isOver) throw new Error(`The lab ended before ${String(wanted)}:\n${stderr}`);
          return false;
        },
        () => stderr,
      );
    },
  };
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly words: readonly string[];
}

function processes(): readonly ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return [{ pid: Number(pid), parent: parentOf(Number(pid)), words }];
    } catch {
      return [];
    }
  });
}

/** The parent of a process. Throws if the process has ended. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** The processes on the way into a lab of that name, outermost first: setpriv or unshare, then the first process. */
export function processesOfLab(name: string): readonly ProcessEntry[] {
  return processes().filter(
    ({ words }) => words[words.indexOf('heddle-lab') + 1] === name && words.includes('heddle-lab'),
  );
}

/** Waits until the first process of a lab runs, and returns its process number here. */
export async function firstProcess(name: string, lab?: LabProcess): Promise<number> {
  return until(`the first process of ${name}`, () => {
    if (lab && lab.outer.exitCode !== null) throw new Error(`The lab ended at once:\n${lab.stderr()}`);
    return processesOfLab(name).find(({ words }) => words[0] === 'sh')?.pid;
  });
}

/** The PID namespace of a process. Keeps the namespace, so that the kernel does not give its number to another lab when it is empty. */
export function pidNamespace(pid: number): string | undefined {
  const namespace = readNamespace(pid);
  if (namespace !== undefined) keepNamespace(pid, namespace);
  return namespace;
}

function readNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

const keptNamespaces = new Set<string>();

/** Opens a namespace for as long as the tests run. */
function keepNamespace(pid: number, namespace: string): void {
  if (keptNamespaces.has(namespace)) return;
  try {
    openSync(`/proc/${pid}/ns/pid`, 'r');
    keptNamespaces.add(namespace);
  } catch {
    // The process has ended.
  }
}

/** The PID namespaces that were found below each one. A process that outlives its parent does not show any more where it belongs. */
const namespacesBelow = new Map<string, Set<string>>();

/** The processes in a PID namespace, and in those below it: each node of a lab has one of its own. */
export function processesIn(namespace: string): readonly ProcessEntry[] {
  const below = namespacesBelow.get(namespace) ?? new Set([namespace]);
  namespacesBelow.set(namespace, below);
  const found = processes().map((entry) => ({ entry, own: readNamespace(entry.pid) }));
  const namespaceOf = new Map(found.map(({ entry, own }) => [entry.pid, own]));
  // A namespace below another begins with a child of a process in the other one.
  for (let known = 0; known < below.size;) {
    known = below.size;
    for (const { entry, own } of found) {
      const outer = namespaceOf.get(entry.parent);
      if (own === undefined || outer === undefined || !below.has(outer)) continue;
      below.add(own);
      keepNamespace(entry.pid, own);
    }
  }
  return found.filter(({ own }) => own !== undefined && below.has(own)).map(({ entry }) => entry);
}

/** What the machine's own namespaces hold, as far as a lab could have put something there. */
export async function machineState(): Promise<Readonly<Record<string, string>>> {
  const print = async (command: readonly [string, ...string[]]): Promise<string> => {
    const [program, ...args] = command;
    return (await execa(program, args)).stdout;
  };
  const links = await print(['ip', '-brief', 'link']);
  return {
    links: links.replaceAll(/ +/g, ' '),
    addresses: await print(['ip', '-brief', 'address']),
    routes: await print(['ip', 'route', 'show', 'table', 'all']),
    rules: await print(['ip', 'rule']),
    neighbours: await print(['ip', 'neighbour', 'show', 'nud', 'permanent']),
    namespaces: await print(['ip', 'netns', 'list']),
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    run: readdirSync('/run').sort().join(' '),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
  };
}
