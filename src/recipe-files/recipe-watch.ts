import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainError } from '../host/system-error.ts';
import { watchDirectory } from '../host/files/directory-watcher.ts';
import { Debounce } from '../time/debounce.ts';
import { readRecipeText } from './recipe-text.ts';

export interface RecipeWatchOptions {
  readonly file: string;
  /** Its text as it was read last. */
  readonly text: string;
  /** Called with each other text that the file comes to hold; the next one waits until this one is dealt with. */
  readonly onSaved: (text: string) => Promise<void>;
  /** Called once each time that it cannot be read any more, with why. */
  readonly onUnreadable: (because: string) => void;
}

/** An editor renames, truncates, or writes in pieces: what it saved is read when it has come to rest. */
const saving = { quietMs: 100, longestMs: 1000 };
/** A file that is empty, or not there, is about to be written; one that stays so was left so. */
const halfwayMs = 500;
/** How often to look where the kernel has no watches left. */
const pollMs = 1000;

/** Follows the text of a recipe file, however it is saved. */
export class RecipeWatch {
  readonly #options: RecipeWatchOptions;
  readonly #debounce = new Debounce(saving, () => this.#look());
  #watchers: readonly { close: () => Promise<void> }[] = [];
  #polling: NodeJS.Timeout | undefined;
  #waiting: NodeJS.Timeout | undefined;
  #text: string;
  #isReadable = true;
  #wasHalfway = false;
  #looking: Promise<void> | undefined;
  #isAskedAgain = false;
  #closed = false;

  private constructor(options: RecipeWatchOptions) {
    this.#options = options;
    this.#text = options.text;
  }

  /** When it resolves, every later save is seen. */
  static async start(options: RecipeWatchOptions): Promise<RecipeWatch> {
    const watch = new RecipeWatch(options);
    // A link, to a file or by way of a folder, may be set to point elsewhere: both ends are watched.
    const real = await realpath(options.file).catch(() => options.file);
    const folders = new Set([dirname(options.file), dirname(real)]);
    const events = { onName: () => watch.#debounce.request(), onBlind: () => watch.#poll() };
    watch.#watchers = await Promise.all([...folders].map((folder) => watchDirectory(folder, events)));
    // What was saved since it was read.
    watch.#debounce.request();
    return watch;
  }

  /** Stops watching, and waits for what is being dealt with. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#debounce.cancel();
    clearInterval(this.#polling);
    clearTimeout(this.#waiting);
    await Promise.all([this.#looking, ...this.#watchers.map((watcher) => watcher.close())]);
  }

  #poll(): void {
    this.#polling ??= setInterval(() => this.#debounce.request(), pollMs);
  }

  #look(): void {
    if (this.#closed) return;
    if (this.#looking !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      this.#look();
    });
  }

  async #lookOnce(): Promise<void> {
    clearTimeout(this.#waiting);
    const seen = await this.#read();
    const isHalfway = seen.kind === 'unreadable' || seen.text === '';
    if (isHalfway && !this.#wasHalfway) {
      this.#wasHalfway = true;
      this.#waiting = setTimeout(() => this.#look(), halfwayMs);
      return;
    }
    this.#wasHalfway = isHalfway;
    if (seen.kind === 'unreadable') {
      if (this.#isReadable) this.#options.onUnreadable(seen.because);
      this.#isReadable = false;
      return;
    }
    this.#isReadable = true;
    if (seen.text === this.#text) return;
    this.#text = seen.text;
    await this.#options.onSaved(seen.text);
  }

  async #read(): Promise<Seen> {
    try {
      return { kind: 'text', text: await readRecipeText(this.#options.file) };
    } catch (error) {
      return { kind: 'unreadable', because: explainError(error) };
    }
  }
}

type Seen =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly because: string };
