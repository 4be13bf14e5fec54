import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import { findChildOf } from './find-child.ts';
import type { HostStatus } from '../protocol.ts';
import type { Changes } from './changes.ts';
import { readJsonLines } from './json-lines.ts';

export type ProgramState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  /** The lab sent `signal` to the program. */
  | { readonly kind: 'stopping'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'ended'; readonly how: string; readonly asTold: boolean };

interface ProgramStart {
  /** A command of `runInHost`. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The file to which the program's stdout and stderr are appended as they come. */
  readonly logFile: string;
  /** Called with each line of stdout that is a JSON object. */
  readonly onObject?: (object: Readonly<Record<string, unknown>>) => void;
}

/** The state of a program, for `lab ps`. */
export function describeProgram({
  state,
  pid,
}: Pick<RunningProgram, 'state' | 'pid'>): Pick<HostStatus, 'daemon' | 'pid' | 'ended'> {
  if (state.kind !== 'ended') return { daemon: state.kind, pid, ended: null };
  return { daemon: state.asTold ? 'stopped' : 'failed', pid: null, ended: state.how };
}

/** The number of lines of a program's stderr that are kept for messages. */
const keptLines = 20;

/** The pause before a signal is sent again to a program that is not there yet, in milliseconds. */
const appearEveryMs = 10;

/** A program of the lab that runs until it is told to end. */
export class RunningProgram {
  readonly #child: ChildProcess;
  readonly #changes: Changes;
  readonly #stderr: string[] = [];
  #state: ProgramState = { kind: 'starting' };

  constructor(start: ProgramStart, changes: Changes) {
    this.#changes = changes;
    const [program, ...args] = start.command;
    this.#child = spawn(program, args, {
      cwd: start.cwd,
      env: start.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#follow(start);
  }

  get state(): ProgramState {
    return this.#state;
  }

  /** The id of the program in the lab's PID namespace; 0 while it does not run. */
  get pid(): number {
    return findChildOf(this.#child.pid ?? 0) ?? 0;
  }

  /** The exit code; null while the program runs, and if a signal ended it. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** The end of the program's stderr. */
  get lastLines(): readonly string[] {
    return this.#stderr;
  }

  /** Call when the program has reported, or shown, that it works. */
  becomeReady(): void {
    if (this.#state.kind !== 'starting') return;
    this.#state = { kind: 'ready' };
    this.#changes.notify();
  }

  /** Sends a signal. The end that follows counts as wanted. */
  signal(signal: NodeJS.Signals): void {
    if (this.#state.kind === 'ended') return;
    this.#state = { kind: 'stopping', signal };
    this.#deliver(signal);
    this.#changes.notify();
  }

  /** Sends a signal to the program, as soon as the shell that waits for it has started it. */
  #deliver(signal: NodeJS.Signals): void {
    if (this.#state.kind === 'ended') return;
    const { pid } = this;
    if (pid === 0) {
      setTimeout(() => this.#deliver(signal), appearEveryMs);
      return;
    }
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!hasErrorCode(error, 'ESRCH')) throw error;
    }
  }

  #follow({ logFile, onObject = () => undefined }: ProgramStart): void {
    const { stdout, stderr } = this.#child;
    const log = createWriteStream(logFile, { flags: 'a' });
    if (stdout) {
      stdout.pipe(log, { end: false });
      readJsonLines(stdout, onObject);
    }
    if (stderr) {
      stderr.pipe(log, { end: false });
      readJsonLines(
        stderr,
        (object) => this.#keep(JSON.stringify(object)),
        (line) => this.#keep(line),
      );
    }
    this.#child.on('error', (error) => this.#end(`could not be started: ${explainError(error)}`));
    this.#child.on('exit', (code, signal) => {
      const how = signal === null ? `exited with status ${code ?? '?'}` : `was ended by ${signal}`;
      // The last output may still be in the pipe, and a child of the program may hold the pipe open for ever.
      const finish = (): void => {
        clearTimeout(timer);
        log.end();
        this.#end(how);
      };
      const timer = setTimeout(finish, 250);
      this.#child.once('close', finish);
    });
  }

  #keep(line: string): void {
    this.#stderr.push(line);
    if (this.#stderr.length > keptLines) this.#stderr.shift();
  }

  #end(how: string): void {
    if (this.#state.kind === 'ended') return;
    const told = this.#state.kind === 'stopping' ? this.#state.signal : undefined;
    const clean = this.#child.exitCode === 0 || (told !== undefined && this.#child.signalCode === told);
    this.#state = { kind: 'ended', how, asTold: told !== undefined && clean };
    this.#changes.notify();
  }
}
