/** One run of a recipe's command, everything it is given spelled out. */
export interface Job {
  /** Shell text; its `notes` let a failure name its line. */
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
   * Texts to insert when the script runs, in the order of their places: each tells the line that is reached. The first
   * names the line of the first command. Empty where the failing line is not looked for: a command of the string form.
   */
  readonly notes: readonly LineNote[];
}

/** A text of the runner's own in a script. */
export interface LineNote {
  /** Offset in the script's text, in UTF-16 code units. */
  readonly at: number;
  /** The line (from 0) that it tells; undefined if it tells none. */
  readonly line: number | undefined;
  readonly text: string;
}

/** The output of a run. Capped: `truncated` counts the bytes that were dropped from the middle or the end. */
export interface CapturedText {
  readonly text: string;
  readonly truncated: number;
}

/** The facts about a run that was started, however it ended. */
export interface RunFacts {
  readonly stdout: CapturedText;
  readonly stderr: CapturedText;
  readonly durationMs: number;
  /** The line of `Script.text` (from 0) that was running last, where known. */
  readonly line: number | undefined;
}

/** How a run ended. */
export type Outcome =
  | ({ readonly kind: 'succeeded' } & RunFacts)
  | ({ readonly kind: 'failed'; readonly exitCode: number } & RunFacts)
  | ({ readonly kind: 'killed'; readonly signal: string } & RunFacts)
  | ({ readonly kind: 'timed-out'; readonly timeoutMs: number } & RunFacts)
  /** The caller's AbortSignal ended it. */
  | ({ readonly kind: 'cancelled' } & RunFacts)
  /** The shell itself could not be started; nothing ran. */
  | { readonly kind: 'unstartable'; readonly reason: string };

/** Runs commands. Never rejects: every way to end is an {@link Outcome}. */
export interface Shell {
  run(job: Job, signal?: AbortSignal): Promise<Outcome>;
  /** Ends what still runs and waits for it. */
  close(): Promise<void>;
}
