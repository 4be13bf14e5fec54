import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainError } from '../host/system-error.ts';
import { watchDirectory, type DirectoryWatcher } from '../host/files/directory-watcher.ts';
import { Debounce } from '../time/debounce.ts';
import { OneAtATime } from '../time/one-at-a-time.ts';
import { pollsMs } from '../time/retry.ts';
import { readRecipeText } from './recipe-text.ts';

/** Receives the texts of a watched recipe. */
interface RecipeReader {
  /** Called with each other text that the file comes to hold. The next text waits until the promise is settled. */
  saved(text: string): Promise<void>;
  /** Called once each time the file cannot be read any more, with the reason. */
  unreadable(because: string): void;
}

interface RecipeWatchOptions {
  readonly file: string;
  /** The text of the file as it was read last. */
  readonly text: string;
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
  | { readonly kind: 'left'; readonly as: 'empty' | 'unreadable' };

/**
 * How a watch hears of saves.
 *
 *     listening ──the kernel loses events──▶ polling
 *         └──────────── close ────────────────┴──▶ closed
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
  /** The text that was dealt with last. */
  #text: string;

  private constructor(options: RecipeWatchOptions, folders: ReadonlySet<string>) {
    this.#options = options;
    this.#text = options.text;
    const events = { onName: () => this.#debounce.request(), onBlind: () => this.#poll() };
    const watchers = [...folders].map((folder) => watchDirectory(folder, events));
    this.#attention = { kind: 'listening', watchers };
  }

  /** When it resolves, every later save is seen. */
  static async start(options: RecipeWatchOptions): Promise<RecipeWatch> {
    // A link, to a file or by way of a folder, may be set to point elsewhere: both ends are watched.
    const real = await realpath(options.file).catch(() => options.file);
    const watch = new RecipeWatch(options, new Set([dirname(options.file), dirname(real)]));
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
      return this.#take(seen.text);
    }
    if (before.kind === 'whole') {
      this.#enter({ kind: 'halfway', timer: setTimeout(() => this.#request(), pollsMs.halfwayRecipe) });
      return;
    }
    if (seen.kind === 'text') {
      this.#enter({ kind: 'left', as: 'empty' });
      return this.#take(seen.text);
    }
    const isTold = before.kind === 'left' && before.as === 'unreadable';
    this.#enter({ kind: 'left', as: 'unreadable' });
    if (!isTold) this.#options.reader.unreadable(seen.because);
  }

  async #take(text: string): Promise<void> {
    if (text === this.#text) return;
    this.#text = text;
    await this.#options.reader.saved(text);
  }

  async #read(): Promise<FileReading> {
    try {
      return { kind: 'text', text: await readRecipeText(this.#options.file) };
    } catch (error) {
      return { kind: 'unreadable', because: explainError(error) };
    }
  }
}

type FileReading =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly because: string };
