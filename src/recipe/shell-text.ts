/** Stands in a flattened text for whatever the shell would expand: a private character that no script holds. */
export const expansionMark = '\ue000';

/**
 * Splits a script into texts that a parser of plain words and operators can read: the script itself, and the inside of
 * each command substitution, however deep. In each, expansions are replaced by {@link expansionMark}, line breaks by
 * `;`, and comments and here-documents are left out. What follows a quote or bracket that is never closed is dropped.
 */
export function flattenScript(script: string): string[] {
  const pending = [script];
  const flattened: string[] = [];
  for (let text = pending.pop(); text !== undefined; text = pending.pop()) {
    flattened.push(new Flattener(text, (inner) => pending.push(inner)).flatten());
  }
  return flattened;
}

/** One pass over one text. It knows just enough of the shell's grammar to see where quotes and expansions end. */
class Flattener {
  readonly #text: string;
  readonly #onSubstitution: (inner: string) => void;
  #at = 0;
  #flat = '';
  /** The ends of the here-documents whose text begins on the next line. */
  #hereDocuments: string[] = [];

  constructor(text: string, onSubstitution: (inner: string) => void) {
    this.#text = text;
    this.#onSubstitution = onSubstitution;
  }

  flatten(): string {
    while (this.#at < this.#text.length) this.#step();
    return this.#flat;
  }

  #step(): void {
    if (this.#sees('\\\n')) this.#at += 2;
    else if (this.#sees('\\')) this.#copyTo(this.#at + 2);
    else if (this.#sees("'")) this.#copyTo(closingSingleQuote(this.#text, this.#at + 1));
    else if (this.#sees('"')) this.#copyDoubleQuoted();
    else if (this.#sees('$') || this.#sees('`')) this.#replaceExpansion();
    else if (this.#sees('\n')) this.#endLine();
    else if (this.#sees('#')) this.#skipComment();
    else if (this.#sees('<<') && !this.#sees('<<<')) this.#noteHereDocument();
    else this.#copyTo(this.#at + 1);
  }

  #sees(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  /** Copies up to an offset; drops the rest of the text if there is none. */
  #copyTo(end: number | undefined): void {
    if (end !== undefined) this.#flat += this.#text.slice(this.#at, end);
    this.#at = end ?? this.#text.length;
  }

  #copyDoubleQuoted(): void {
    const start = this.#flat.length;
    this.#copyTo(this.#at + 1);
    while (this.#at < this.#text.length && !this.#sees('"')) {
      if (this.#sees('$') || this.#sees('`')) this.#replaceExpansion();
      else this.#copyTo(this.#at + (this.#sees('\\') ? 2 : 1));
    }
    if (this.#at >= this.#text.length) this.#flat = this.#flat.slice(0, start);
    else this.#copyTo(this.#at + 1);
  }

  #replaceExpansion(): void {
    const expansion = readExpansion(this.#text, this.#at);
    if (expansion === undefined) {
      this.#at = this.#text.length;
      return;
    }
    if (expansion.substitution !== undefined) this.#onSubstitution(expansion.substitution);
    this.#flat += expansionMark;
    this.#at = expansion.end;
  }

  /** A `#` begins a comment at the start of a word only; elsewhere it is escaped, lest a simpler parser take it for one. */
  #skipComment(): void {
    if (/(^|[\s;&|()])$/.test(this.#flat.slice(-1))) {
      const lineBreak = this.#text.indexOf('\n', this.#at);
      this.#at = lineBreak === -1 ? this.#text.length : lineBreak;
    } else {
      this.#flat += '\\#';
      this.#at += 1;
    }
  }

  #noteHereDocument(): void {
    const start = /^<<-?[ \t]*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([^\s;&|<>()'"]+))/.exec(
      this.#text.slice(this.#at),
    );
    if (start === null) this.#at = this.#text.length;
    else {
      this.#hereDocuments.push(start[1] ?? start[2] ?? start[3] ?? '');
      this.#at += start[0].length;
    }
  }

  #endLine(): void {
    this.#flat += ' ; ';
    this.#at += 1;
    for (const end of this.#hereDocuments) {
      let line: string;
      do {
        const lineBreak = this.#text.indexOf('\n', this.#at);
        const next = lineBreak === -1 ? this.#text.length : lineBreak + 1;
        line = this.#text.slice(this.#at, next);
        this.#at = next;
      } while (line !== '' && line.trim() !== end);
    }
    this.#hereDocuments = [];
  }
}

/** An expansion: where it ends, and the script inside it if it is a command substitution. */
interface Expansion {
  readonly end: number;
  readonly substitution?: string;
}

/** Reads the expansion that begins at a `$` or a backquote; undefined if it is never closed. */
function readExpansion(text: string, at: number): Expansion | undefined {
  if (text.startsWith('`', at)) {
    const body = /^`((?:[^`\\]|\\[\s\S])*)`/.exec(text.slice(at));
    if (body === null) return undefined;
    return { end: at + body[0].length, substitution: (body[1] ?? '').replaceAll(/\\([`$\\])/g, '$1') };
  }
  if (text.startsWith('$((', at)) return closed(closingBracket(text, at + 1, '(', ')'));
  if (text.startsWith('${', at)) return closed(closingBracket(text, at + 1, '{', '}'));
  if (text.startsWith('$(', at)) {
    const end = closingBracket(text, at + 1, '(', ')');
    return end === undefined ? undefined : { end, substitution: text.slice(at + 2, end - 1) };
  }
  const name = /^\$(?:[A-Za-z_]\w*|[0-9*@#?$!-])?/.exec(text.slice(at));
  return { end: at + (name?.[0].length ?? 1) };
}

function closed(end: number | undefined): Expansion | undefined {
  return end === undefined ? undefined : { end };
}

function closingSingleQuote(text: string, from: number): number | undefined {
  const at = text.indexOf("'", from);
  return at === -1 ? undefined : at + 1;
}

/** The offset after the bracket that closes the one at `at`, quotes and nested brackets passed over. */
function closingBracket(text: string, at: number, open: string, close: string): number | undefined {
  let depth = 0;
  let inDoubleQuotes = false;
  for (let i = at; i < text.length; i += 1) {
    const character = text[i];
    if (character === '\\') i += 1;
    else if (character === '"') inDoubleQuotes = !inDoubleQuotes;
    else if (character === "'" && !inDoubleQuotes) {
      const end = closingSingleQuote(text, i + 1);
      if (end === undefined) return undefined;
      i = end - 1;
    } else if (character === open) depth += 1;
    else if (character === close) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}
