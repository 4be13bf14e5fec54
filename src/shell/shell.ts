/** One run of a recipe's command, everything it is given spelled out. */
export interface Job {
  /** Shell text; `lineTags` says which lines begin a new top-level command, so that a failure can name its line. */
  readonly script: Script;
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly cwd: string;
  readonly timeoutMs: number;
}

/** A command made ready for `sh`. */
export interface Script {
  readonly text: string;
  /** Whether a line that fails ends the script: the array form of a command. */
  readonly stopOnError: boolean;
  /**
   * Indexes into `text`'s lines (from 0) that start a complete command at the top level. The runner notes which of
   * them was reached last. Empty for a one-line string.
   */
  readonly lineTags: readonly number[];
}

/** The output of a run. Capped: `truncated` counts the bytes that were dropped from the middle or the end. */
export interface Captured {
  readonly text: string;
  readonly truncated: number;
}

interface Ran {
  readonly stdout: Captured;
  readonly stderr: Captured;
  readonly durationMs: number;
  /** The line of `Script.text` (from 0) that was running last, where known. */
  readonly line: number | undefined;
}

/** How a run ended. */
export type Outcome =
  | ({ readonly kind: 'succeeded' } & Ran)
  | ({ readonly kind: 'failed'; readonly exitCode: number } & Ran)
  | ({ readonly kind: 'killed'; readonly signal: string } & Ran)
  | ({ readonly kind: 'timed-out'; readonly timeoutMs: number } & Ran)
  /** The caller's AbortSignal ended it. */
  | ({ readonly kind: 'cancelled' } & Ran)
  /** The shell itself could not be started; nothing ran. */
  | { readonly kind: 'unstartable'; readonly reason: string };

/** Runs commands. Never rejects: every way to end is an {@link Outcome}. */
export interface Shell {
  run(job: Job, signal?: AbortSignal): Promise<Outcome>;
  /** Ends what still runs and waits for it. */
  close(): Promise<void>;
}
