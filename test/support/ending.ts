import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { fileOverlay } from '../daemon/file-overlay.ts';
import { realInterface } from '../daemon/interface.ts';
import { heddle } from '../kernel/lab-harness.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';
import { WaitingTime } from './waiting-time.ts';

/** A signal ends heddle within this time while no command runs, in milliseconds. */
const longestEndMs = 2000;

/** How long a test waits for the end on a machine that does other work as well, in milliseconds. */
const patienceMs = 30_000;

/** A directory with what a daemon needs. */
export class Place {
  readonly directory: string;
  readonly recipe: string;
  readonly state: string;
  readonly store: string;

  constructor(t: TestContext, changes: Readonly<Record<string, unknown>> = {}) {
    this.directory = temporaryDirectory(t);
    this.recipe = join(this.directory, 'overlay.json');
    this.state = join(this.directory, 'state');
    this.store = join(this.directory, 'store');
    this.backend(changes);
    mkdirSync(this.state, { mode: 0o700 });
    mkdirSync(join(this.store, 'subnets'), { recursive: true, mode: 0o700 });
  }

  /** Writes the recipe: an overlay of files, with these keys of its backend. */
  backend(changes: Readonly<Record<string, unknown>>): void {
    writeFileSync(
      this.recipe,
      JSON.stringify({ Network: '10.50.0.0/16', Backend: { ...fileOverlay, ...changes } }),
    );
  }

  /** Writes a peer into the store. */
  peer(third: number): void {
    const lease = { PublicIP: `192.0.2.${third}`, BackendType: 'extension', BackendData: `data-${third}` };
    writeFileSync(join(this.store, 'subnets', `10.50.${third}.0-24`), JSON.stringify(lease));
  }

  fifo(...path: string[]): string {
    const name = join(this.directory, ...path);
    execFileSync('mkfifo', ['-m', '600', name]);
    return name;
  }

  /** Holds a lock for as long as the test takes. */
  async lock(t: TestContext, ...path: string[]): Promise<void> {
    const name = join(this.directory, ...path);
    const holder = spawn('flock', [name, 'sh', '-c', 'echo held; exec sleep 300'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => process.kill(-(holder.pid ?? 0), 'SIGKILL'));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
  }

  /** A control socket that nobody listens to. */
  async deadSocket(): Promise<void> {
    const path = join(this.state, 'heddle.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    const server = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    await once(server, 'exit');
  }

  up(store: readonly string[] = ['--store-dir', this.store], recipe = this.recipe): string[] {
    const named = recipe === '' ? [] : ['--recipe', recipe];
    return [
      ...['up', ...named, ...store, '--state-dir', this.state, '--iface', realInterface ?? ''],
      ...['--subnet-file', join(this.directory, 'subnet.env')],
      // They need privileges, and this is the machine's own network namespace.
      '--iptables-forward-rules=false',
    ];
  }
}

export interface RunningHeddle {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * Starts heddle. It ends with the test, also while it is stopped by a signal.
 *
 * @param through the words of a program that becomes the given one, as `prlimit` does
 */
export function startHeddle(
  t: TestContext,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  through: readonly string[] = [],
): RunningHeddle {
  const [program = '', ...words] = [...through, process.execPath, heddle, ...args];
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const ended = endOf(child);
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, output: () => output, ended };
}

/** The exit code of a process, or the signal that ends it. */
export function endOf(child: ChildProcess): RunningHeddle['ended'] {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
}

/**
 * Sends a signal, and returns how the process ended. Fails if it does not end, or if it waits for more than two seconds on the way: see
 * {@link WaitingTime}.
 */
export async function endBy(ran: RunningHeddle, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
  const time = new WaitingTime(ran.child.pid ?? 0);
  ran.child.kill(signal);
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), patienceMs).unref());
  const end = await Promise.race([ran.ended, late]);
  const waitedMs = time.end();
  assert.notEqual(end, 'late', `it lives on after ${signal}:\n${ran.output()}`);
  assert.ok(waitedMs <= longestEndMs, `it waited ${waitedMs} ms after ${signal}:\n${ran.output()}`);
  return end as number | NodeJS.Signals;
}

/** Waits until a process waits itself: it has run for a while, and uses no time. */
export async function untilItWaits({ child, output }: RunningHeddle): Promise<void> {
  const spent = (): string =>
    execFileSync('ps', ['-o', 'cputimes=,state=', '-p', String(child.pid)], { encoding: 'utf8' });
  let last = '';
  let quiet = 0;
  await until(
    'the process to wait',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const now = spent();
      quiet = now === last && now.includes('S') ? quiet + 1 : 0;
      last = now;
      return quiet >= 10;
    },
    output,
  );
}

/** Every subcommand that does something, by its words: `leases reserve`. Those that show help are left out. */
export async function listSubcommands(): Promise<readonly string[]> {
  const walk = (command: Command, words: readonly string[]): readonly string[] => {
    const below = command.commands
      .filter((sub) => sub.name() !== 'help')
      .flatMap((sub) => walk(sub, [...words, sub.name()]));
    // A command with others below it may do something by itself, as `leases` does: only its action tells.
    return hasAction(command) ? [words.join(' '), ...below] : below;
  };
  return walk(await createProgram(), []);
}

function hasAction(command: Command): boolean {
  return '_actionHandler' in command && command._actionHandler !== null;
}
