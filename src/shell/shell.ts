/** One run of a recipe's command, with every input spelled out. */
export interface Job {
  /** The shell text; its `notes` let a failure name its line. */
  readonly script: Script;
  /** The whole environment, because nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly cwd: string;
  readonly timeoutMs: number;
}

/** A command made ready for `sh`. */
export interface Script {
  readonly text: string;
  /** Whether a failing line ends the script: the array form of a command. */
  readonly stopOnError: boolean;
  /**
   * Texts to insert when the script runs, in the order of their places. Each reports the line that is reached, and the first names the line
   * of the first command. Empty for a command of the string form, whose failing line is not looked for.
   */
  readonly notes: readonly LineNote[];
}

/** A text that the runner inserts into a script. */
export interface LineNote {
  /** The offset in the script's text, in UTF-16 code units. */
  readonly at: number;
  /** The line (from 0) that the note reports; undefined if it reports none. */
  readonly line: number | undefined;
  readonly text: string;
}

/** The output of a run, limited in size: `truncated` counts the bytes that were dropped from the middle or the end. */
export interface CapturedText {
  readonly text: string;
  readonly truncated: number;
}

/** The facts about a run that was started. */
export interface RunFacts {
  readonly stdout: CapturedText;
  readonly stderr: CapturedText;
  readonly durationMs: number;
  /** The line of `Script.text` (from 0) that ran last, if known. */
  readonly line: number | undefined;
}

/** The end of a run. */
export type Outcome =
  | ({ readonly kind: 'succeeded' } & RunFacts)
  | ({ readonly kind: 'failed'; readonly exitCode: number } & RunFacts)
  | ({ readonly kind: 'killed'; readonly signal: string } & RunFacts)
  | ({ readonly kind: 'timed-out'; readonly timeoutMs: number } & RunFacts)
  /** The caller's AbortSignal ended the run. */
  | ({ readonly kind: 'cancelled' } & RunFacts)
  /** The shell could not be started, so nothing ran. */
  | { readonly kind: 'unstartable'; readonly reason: string };

/** Runs commands. Never rejects: every way to end is an {@link Outcome}. */
export interface Shell {
  run(job: Job, signal?: AbortSignal): Promise<Outcome>;
  /** Ends the commands that still run, and waits for their end. */
  close(): Promise<void>;
}
