import { closeSync, constants, openSync } from 'node:fs';
import { Capture, noteLimits, stderrLimits, stdoutLimits, type CaptureLimits } from '../io/capture.ts';
import { drainPipe, OutputReader } from '../io/output-reader.ts';
import type { ShellPipes } from '../io/pipe.ts';
import { mayFloodNotes } from '../lines/shell-text.ts';
import type { CapturedText, Script } from '../shell.ts';

/** The time after which a running job's output is read as it comes, in milliseconds: a pipe holds 64 KiB. */
const attendAfterMs = 10;

const outputs = ['stdout', 'stderr', 'notes'] as const;

type OutputName = (typeof outputs)[number];

const nothing: CaptureLimits = { head: 0, tail: 0 };

function startCaptures() {
  return {
    stdout: new Capture(stdoutLimits),
    stderr: new Capture(stderrLimits),
    notes: new Capture(noteLimits),
  };
}

/** The output of one job. */
interface JobOutput {
  readonly stdout: CapturedText;
  readonly stderr: CapturedText;
  readonly notes: string;
  /** Whether a process of the job still holds one of the pipes after the shell's end. */
  readonly isHeld: boolean;
}

/** Reads the output of one worker's jobs, one job after another. */
export class WorkerOutput {
  readonly #pipes: ShellPipes;
  #captures = startCaptures();
  #readers: OutputReader[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Takes ownership of the pipes' readers. The caller closes the writers, because each job opens its own. */
  constructor(pipes: ShellPipes) {
    this.#pipes = pipes;
  }

  /** Call before a job begins. */
  begin(script: Script): void {
    this.#captures = startCaptures();
    this.#readers = [];
    this.#attendLater(mayFloodNotes(script) ? outputs : ['stdout', 'stderr']);
  }

  #attendLater(names: readonly OutputName[]): void {
    this.#timer = setTimeout(() => {
      try {
        for (const name of names.slice(this.#readers.length)) this.#readers.push(this.#attend(name));
      } catch {
        // No descriptor is left, so this tries again later.
        this.#attendLater(names);
      }
    }, attendAfterMs);
  }

  /** Reads an output as it comes, with a reader of its own, which the end of the job may end. */
  #attend(name: OutputName): OutputReader {
    const path = `/proc/self/fd/${this.#pipes[name].reader}`;
    return new OutputReader(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), this.#captures[name]);
  }

  /** Reads the rest of the output. Call when the shell of the job has ended. */
  end(): JobOutput {
    clearTimeout(this.#timer);
    for (const reader of this.#readers) reader.finish();
    const held = outputs.map((name) =>
      drainPipe(this.#pipes[name].reader, (chunk) => this.#captures[name].add(chunk)),
    );
    return {
      stdout: this.#captures.stdout.read(),
      stderr: this.#captures.stderr.read(),
      notes: this.#captures.notes.read().text,
      isHeld: held.includes(true),
    };
  }

  /** Gives the pipes up. Output of a process that still holds one is read and dropped, so that the process does not block. */
  close(): void {
    for (const name of ['stdout', 'stderr'] as const)
      new OutputReader(this.#pipes[name].reader, new Capture(nothing)).finish();
    closeSync(this.#pipes.notes.reader);
  }
}
