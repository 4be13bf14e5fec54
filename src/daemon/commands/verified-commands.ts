import { tmpdir } from 'node:os';
import { compareRun, type RecordedRun } from '../../compile/compare-run.ts';
import { textFilters } from '../../compile/text/text-filters.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Concern } from '../../event/concern.ts';
import type { CompileDifference } from '../../event/event.ts';
import { describePlace } from '../../event/trouble.ts';
import { findMissingPrograms } from '../../host/programs.ts';
import { explainError } from '../../host/system-error.ts';
import type { LeaseSubnets, Peer } from '../../lease/lease.ts';
import { readScript } from '../../recipe/sh/read-script.ts';
import type { Outcome } from '../../shell/shell.ts';
import { CallRecorder, type Recording } from '../../waves/call-recorder.ts';
import { mayReadInput } from '../../waves/tools/table.ts';
import type { CommandResult } from './command-result.ts';
import { peerCommandOf, type CommandRunner } from './command-runner.ts';
import { CompiledCommands, type CompiledOperation } from './compiled-commands.ts';

/** Replaces the concerns about compiled commands. */
export type ReportCompiled = (concerns: readonly Omit<Concern, 'kind'>[]) => void;

/** An operation with the record of its run. */
interface RecordedOperation {
  readonly compiled: CompiledOperation;
  /** The programs whose calls are recorded. */
  readonly programs: readonly string[];
  readonly recording: Recording;
}

/** Runs the commands of peers by the shell, and compares what it does with what would run without it (`--compile verify`). */
export class VerifiedCommands {
  readonly #runner: CommandRunner;
  readonly #own: LeaseSubnets;
  readonly #compiled: CompiledCommands;
  readonly #report: ReportCompiled;
  readonly #concerns = new Map<string, Omit<Concern, 'kind'>>();
  #recorder: Promise<CallRecorder | undefined> | undefined;

  constructor(runner: CommandRunner, own: LeaseSubnets, report: ReportCompiled) {
    this.#runner = runner;
    this.#own = own;
    this.#compiled = new CompiledCommands(runner, own);
    this.#report = report;
  }

  /** Runs an operation as {@link CommandRunner.runPeer} does. */
  async run(operation: Operation, signal: AbortSignal): Promise<CommandResult> {
    const compiled = this.#compiled.compile(operation);
    const recorded = compiled && (await this.#beginRecording(compiled));
    if (recorded === undefined)
      return this.#runner.runPeer(peerCommandOf(operation), this.#own, operation.peer, signal);
    return this.#runRecorded(operation.peer, recorded, signal);
  }

  async #runRecorded(
    peer: Peer,
    { compiled, programs, recording }: RecordedOperation,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const { name: command, environment, run } = compiled;
    try {
      let end: RecordedRun['end'];
      const result = await this.#runner.runPeer(command, this.#own, peer, signal, {
        environment: { PATH: recording.path },
        onEnd: (outcome) => (end = endOf(outcome)),
      });
      const calls = await this.#attempt(() => recording.read());
      if (calls === undefined) return result;
      for (const difference of compareRun(run, environment, { calls, end }, (name) =>
        programs.includes(name),
      ))
        this.#tell(this.#runner.reportDifference(command, peer, difference));
      return result;
    } finally {
      await this.#attempt(() => recording.end());
    }
  }

  /** Prepares the record of a run; undefined if the run cannot be recorded. */
  async #beginRecording(compiled: CompiledOperation): Promise<RecordedOperation | undefined> {
    const { environment, text, compilation } = compiled;
    const calls = compilation.paths.flatMap((path) => path.calls.map(({ call }) => call));
    const path = environment['PATH'] ?? '';
    const programs = recordablePrograms(text, calls, path);
    const readers = programs.filter((name) =>
      calls.some(({ program, arguments: words }) => program === name && mayReadInput(name, words)),
    );
    const recording = await this.#attempt(async () =>
      (await this.#openRecorder())?.begin(path, programs, readers),
    );
    return recording && { compiled, programs, recording };
  }

  /** Does work on the records. A failure is a concern and not one of the network, because the shell runs the command all the same. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#addConcern({
        about: 'recorder',
        because: `not every run was verified: its record cannot be kept: ${explainError(error)}`,
        hint: 'make room in the state directory and in TMPDIR and restart heddle, or give --compile on',
      });
      return undefined;
    }
  }

  #tell(difference: CompileDifference): void {
    const { subnet, because } = difference;
    const place = describePlace(difference);
    if (this.#concerns.has(place)) return;
    this.#addConcern({
      about: place,
      because: `${place} would do something else without the shell, first seen for ${subnet}: ${because}`,
      hint: 'report this as a bug of heddle, with the lines of the recipe; until it is repaired, give --compile off',
    });
  }

  #openRecorder(): Promise<CallRecorder | undefined> {
    const { stateDirectory } = this.#runner.facts;
    this.#recorder ??= CallRecorder.open([stateDirectory, tmpdir()]).then(
      (recorder) => {
        if (recorder === undefined) {
          this.#addConcern({
            about: 'recorder',
            because: `nothing is verified: no program can be executed in ${stateDirectory} or ${tmpdir()}`,
            hint: 'give --state-dir or TMPDIR a directory of a file system that is not mounted with noexec, or give --compile on',
          });
        }
        return recorder;
      },
      (error: unknown) => {
        // The next run tries again.
        this.#recorder = undefined;
        throw error;
      },
    );
    return this.#recorder;
  }

  #addConcern(concern: Omit<Concern, 'kind'>): void {
    this.#concerns.set(concern.about, concern);
    this.#report([...this.#concerns.values()]);
  }
}

/** The programs that a script may call by name, except those whose work is compiled. */
function recordablePrograms(
  text: string,
  calls: readonly { readonly program: string }[],
  path: string,
): readonly string[] {
  const names = new Set([
    ...calls.map(({ program }) => program),
    ...readScript(text).calls.flatMap(({ name }) => name ?? []),
  ]);
  return [...names].filter(
    (name) =>
      /^[\w.+-]+$/.test(name) &&
      !Object.hasOwn(textFilters, name) &&
      findMissingPrograms([name], path).length === 0,
  );
}

function endOf(outcome: Outcome): RecordedRun['end'] {
  if (outcome.kind !== 'succeeded' && outcome.kind !== 'failed') return undefined;
  const { stdout, stderr } = outcome;
  if (stdout.truncated > 0 || stderr.truncated > 0) return undefined;
  return { succeeded: outcome.kind === 'succeeded', stdout: stdout.text, stderr: stderr.text };
}
