import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import { explainError } from '../host/system-error.ts';
import { isInsideExecutable } from '../host/files/package-files.ts';
import { watchDirectory, type DirectoryWatcher } from '../host/files/directory-watcher.ts';
import { Debounce } from '../time/debounce.ts';
import { OneAtATime } from '../time/one-at-a-time.ts';
import { pollsMs } from '../time/retry.ts';
import { readRecipeText } from './recipe-text.ts';

/** Receives the texts of a watched recipe. */
interface RecipeReader {
  /** Called with each other text that the file comes to hold. The next text waits until the promise is settled. */
  saved(text: string, file: string): Promise<void>;
  /** Called once each time the file cannot be read any more, or for another reason, with the reason. */
  unreadable(because: string): void;
}

/** The text of a recipe, and the file that has it. */
interface RecipeText {
  readonly file: string;
  readonly text: string;
}

interface RecipeWatchOptions {
  readonly file: string;
  /** The text of the file as it was read last. */
  readonly text: string;
  /** Finds the recipe, if another file next to this one may become it. Throws an error with the reason if there is none. */
  readonly find?: () => Promise<RecipeText>;
  readonly reader: RecipeReader;
}

/** An editor renames, truncates, or writes in pieces: what it saved is read when it has come to rest. */
const saving = { quietMs: 100, longestMs: 1000 };

/**
 * The result of the last look.
 *
 *     whole ──empty or gone──▶ halfway ──still so──▶ left
 *       ▲                         │                   │
 *       └────────── text ─────────┴───────────────────┘
 */
type FileState =
  | { readonly kind: 'whole' }
  /** The file is perhaps just being written: the timer starts another look. */
  | { readonly kind: 'halfway'; readonly timer: NodeJS.Timeout }
  /** The file stayed so, and the watch has reported that it cannot be read. */
  | { readonly kind: 'left'; readonly as: 'empty' }
  | { readonly kind: 'left'; readonly as: 'unreadable'; readonly because: string };

/**
 * How a watch hears of saves.
 *
 *     listening ──the kernel loses events, or the file is gone──▶ polling
 *         └──────────────────── close ─────────────────────────────┴──▶ closed
 */
type Attention =
  | { readonly kind: 'listening'; readonly watchers: readonly Promise<DirectoryWatcher>[] }
  | {
      readonly kind: 'polling';
      readonly watchers: readonly Promise<DirectoryWatcher>[];
      readonly timer: NodeJS.Timeout;
    }
  | { readonly kind: 'closed' };

/** Follows the text of a recipe file, however it is saved. */
export class RecipeWatch {
  readonly #options: RecipeWatchOptions;
  readonly #debounce = new Debounce(saving, () => this.#request());
  readonly #looking = new OneAtATime(() => this.#look());
  #attention: Attention;
  #state: FileState = { kind: 'whole' };
  /** The text that was dealt with last, and its file. */
  #last: RecipeText;

  private constructor(options: RecipeWatchOptions, folders: ReadonlySet<string>) {
    this.#options = options;
    this.#last = options;
    const events = { onName: () => this.#debounce.request(), onBlind: () => this.#poll() };
    const watchers = [...folders].map((folder) => watchDirectory(folder, events));
    this.#attention = { kind: 'listening', watchers };
  }

  /** When it resolves, every later save is seen. */
  static async start(options: RecipeWatchOptions): Promise<RecipeWatch> {
    // A link, to a file or by way of a folder, may be set to point elsewhere: both ends are watched.
    const real = await realpath(options.file).catch(() => options.file);
    // A recipe in the executable has no folder, and does not change.
    const folders = isInsideExecutable(options.file) ? [] : [dirname(options.file), dirname(real)];
    const watch = new RecipeWatch(options, new Set(folders));
    await Promise.all(watch.#watchers);
    // What was saved since it was read.
    watch.#debounce.request();
    return watch;
  }

  /** Stops watching, and waits for what is being dealt with. */
  async close(): Promise<void> {
    const watchers = this.#watchers;
    this.#attend({ kind: 'closed' });
    this.#debounce.cancel();
    if (this.#state.kind === 'halfway') clearTimeout(this.#state.timer);
    await Promise.all([this.#looking.idle(), ...watchers.map(async (watcher) => (await watcher).close())]);
  }

  get #watchers(): readonly Promise<DirectoryWatcher>[] {
    return this.#attention.kind === 'closed' ? [] : this.#attention.watchers;
  }

  get #isClosed(): boolean {
    return this.#attention.kind === 'closed';
  }

  #poll(): void {
    switch (this.#attention.kind) {
      case 'listening': {
        const { watchers } = this.#attention;
        const timer = setInterval(() => this.#debounce.request(), pollsMs.unwatchedRecipe);
        return this.#attend({ kind: 'polling', watchers, timer });
      }
      case 'polling':
      case 'closed':
        return;
    }
  }

  #attend(attention: Attention): void {
    if (this.#attention.kind === 'polling') clearInterval(this.#attention.timer);
    this.#attention = attention;
  }

  #request(): void {
    if (!this.#isClosed) void this.#looking.run();
  }

  #enter(state: FileState): void {
    if (this.#state.kind === 'halfway') clearTimeout(this.#state.timer);
    this.#state = state;
  }

  async #look(): Promise<void> {
    const before = this.#state;
    const seen = await this.#read();
    if (this.#isClosed) return;
    if (seen.kind === 'text' && seen.text !== '') {
      this.#enter({ kind: 'whole' });
      return this.#take(seen);
    }
    if (before.kind === 'whole') {
      this.#enter({ kind: 'halfway', timer: setTimeout(() => this.#request(), pollsMs.halfwayRecipe) });
      return;
    }
    if (seen.kind === 'text') {
      this.#enter({ kind: 'left', as: 'empty' });
      return this.#take(seen);
    }
    const { because } = seen;
    const isTold = before.kind === 'left' && before.as === 'unreadable' && before.because === because;
    this.#enter({ kind: 'left', as: 'unreadable', because });
    // The directory itself may be gone, and then the kernel does not report what comes in its place.
    this.#poll();
    if (!isTold) this.#options.reader.unreadable(because);
  }

  async #take({ file, text }: RecipeText): Promise<void> {
    if (text === this.#last.text && file === this.#last.file) return;
    this.#last = { file, text };
    await this.#options.reader.saved(text, file);
  }

  async #read(): Promise<FileReading> {
    const { file, find } = this.#options;
    try {
      const found = find === undefined ? { file, text: await readRecipeText(file) } : await find();
      return { kind: 'text', ...found };
    } catch (error) {
      const hint = error instanceof Failure && error.hint !== undefined ? ` (${error.hint})` : '';
      return { kind: 'unreadable', because: `${explainError(error)}${hint}` };
    }
  }
}

type FileReading =
  ({ readonly kind: 'text' } & RecipeText) | { readonly kind: 'unreadable'; readonly because: string };
