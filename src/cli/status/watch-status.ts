import { clearScreenDown, cursorTo } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { Failure } from '../../diagnostic/failure.ts';
import { endBecauseOf } from '../../host/interruption.ts';
import { isAbort } from '../../host/system-error.ts';

/** How often the status is asked for, in milliseconds. */
const intervalMs = 1000;

/** The other screen of a terminal (DEC private mode 1049) keeps what was on the first one; 25 shows and hides the cursor. */
const enterScreen = '\u001b[?1049h\u001b[?25l';
const leaveScreen = '\u001b[?25h\u001b[?1049l';

/** One answer, as the live view shows it. */
export interface View {
  readonly text: string;
  /** One line for a reader that is not a terminal. */
  readonly line: string;
}

/** Sees how things are, unless it is aborted before. */
type Look = (signal: AbortSignal) => Promise<View>;

/** A watch that the user ends: with SIGINT, as by Ctrl-C, or SIGTERM. */
class Watch {
  readonly #look: Look;
  readonly #ended = new AbortController();
  #endedBy: NodeJS.Signals | undefined;
  #hasSeen = false;

  constructor(look: Look) {
    this.#look = look;
  }

  readonly #end = (signal: NodeJS.Signals): void => {
    this.#endedBy = signal;
    this.#ended.abort();
  };

  /** Shows what `look` sees again and again, an interval apart, until a signal. */
  async run(show: (view: View) => void): Promise<void> {
    const { signal } = this.#ended;
    process.once('SIGINT', this.#end).once('SIGTERM', this.#end);
    try {
      while (!signal.aborted) {
        const view = await this.#look(signal);
        this.#hasSeen = true;
        show(view);
        await delay(intervalMs, undefined, { signal });
      }
    } catch (error) {
      if (!isAbort(error)) throw error;
    } finally {
      process.off('SIGINT', this.#end).off('SIGTERM', this.#end);
    }
  }

  /** Ends this process by the signal if nothing was ever seen, because no exit code is right then. */
  async finish(): Promise<void> {
    if (this.#endedBy !== undefined && !this.#hasSeen) await endBecauseOf(this.#endedBy);
  }
}

/**
 * Shows what `look` sees on the whole terminal, again each second, until a signal ends it; then the screen is as it was before. Throws a
 * Failure if stdout is not a terminal.
 */
export async function watchOnScreen(look: Look): Promise<void> {
  const { stdout } = process;
  if (!stdout.isTTY || process.env['TERM'] === 'dumb') {
    throw new Failure('usage', '--watch needs a terminal, and standard output is not one', {
      hint: 'with --json, --watch prints one JSON object a line each time the status changes',
    });
  }
  let shown = '';
  const draw = (): void => {
    cursorTo(stdout, 0, 0);
    // A terminal that does not know its size says 0.
    stdout.write(fit(shown, stdout.columns || 80, stdout.rows || 24));
    clearScreenDown(stdout);
  };
  stdout.write(enterScreen);
  stdout.on('resize', draw);
  const watch = new Watch(look);
  try {
    await watch.run(({ text }) => {
      shown = text;
      draw();
    });
  } finally {
    stdout.off('resize', draw);
    stdout.write(leaveScreen);
  }
  await watch.finish();
}

/** Prints the line of what `look` sees each time that it has changed, until a signal ends it. */
export async function watchAsLines(look: Look): Promise<void> {
  let last: string | undefined;
  const watch = new Watch(look);
  await watch.run(({ line }) => {
    if (line !== last) process.stdout.write(`${line}\n`);
    last = line;
  });
  await watch.finish();
}

/**
 * A text for a screen: each line is wrapped at its width, and all lines are cut to its height, with the number of those that are left out.
 * Every line ends with the code that clears the rest of it, because the screen still shows the text before.
 */
export function fit(text: string, columns: number, rows: number): string {
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .flatMap((line) => wrap(line, columns));
  const room = Math.max(1, rows - 1);
  const kept =
    lines.length <= room
      ? lines
      : [
          ...lines.slice(0, room - 1),
          cut(`… ${lines.length - room + 1} more lines, without --watch`, columns),
        ];
  return kept.map((line) => `${line}\u001b[K\n`).join('');
}

/** The indentation of the further lines of a line that is wrapped. */
const hang = '    ';

/**
 * A line as lines of at most so many columns, broken between words where that is possible. A line that is broken loses its colours, because
 * their ends may be on another line.
 */
function wrap(line: string, columns: number): readonly string[] {
  let rest = stripVTControlCharacters(line);
  if (rest.length <= columns) return [line];
  const start = /^ */.exec(rest)?.[0] ?? '';
  const indentation = start.length + hang.length < columns / 2 ? start + hang : '';
  const lines: string[] = [];
  while (rest.length > columns) {
    const blank = rest.lastIndexOf(' ', columns);
    const end = blank > indentation.length && rest.slice(0, blank).trim() !== '' ? blank : columns;
    lines.push(rest.slice(0, end));
    rest = indentation + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** A line of at most so many columns. */
function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
