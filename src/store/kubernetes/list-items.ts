import type { Readable } from 'node:stream';

/**
 * Reads a list of the Kubernetes API, and hands over each item as soon as its last byte has come. Returns the list with an empty array in
 * place of the items. A page of Nodes has megabytes, and all its objects at once would need several times as much memory. Throws an error if
 * the text is not JSON.
 */
export async function readItems(stream: Readable, take: (item: unknown) => void): Promise<unknown> {
  const splitter = new ListSplitter();
  for await (const chunk of stream as AsyncIterable<Buffer>)
    for (const item of splitter.feed(chunk)) take(JSON.parse(item));
  return JSON.parse(splitter.rest);
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Splits the text of a JSON object into the objects of its arrays and the rest. Only brackets outside of strings matter for that, and
 * each byte of them is ASCII.
 */
class ListSplitter {
  /** The number of open brackets: 2 between the objects of an array, 3 and more inside of one. */
  #depth = 0;
  #isInArray = false;
  #isInString = false;
  #isEscaped = false;
  /** The beginning of an object whose end has not come. */
  #begun: Buffer[] = [];
  readonly #rest: Buffer[] = [];

  /** The text without the objects, once all has come. */
  get rest(): string {
    return Buffer.concat(this.#rest).toString();
  }

  /** Returns the objects that end in this piece of the text. */
  feed(chunk: Buffer): readonly string[] {
    const items: string[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === quote) this.#isInString = false;
      } else if (byte === quote) this.#isInString = true;
      else if (byte === openBrace || byte === openBracket) {
        this.#depth += 1;
        if (this.#isInArray) {
          if (this.#depth === 3) start = at;
        } else if (this.#depth === 2 && byte === openBracket) {
          this.#isInArray = true;
          this.#rest.push(chunk.subarray(start, at + 1));
        }
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth -= 1;
        if (this.#isInArray && this.#depth === 2) {
          items.push(Buffer.concat([...this.#begun, chunk.subarray(start, at + 1)]).toString());
          this.#begun = [];
        } else if (this.#isInArray && this.#depth === 1) {
          this.#isInArray = false;
          start = at;
        }
      }
    }
    if (!this.#isInArray) this.#rest.push(chunk.subarray(start));
    else if (this.#depth > 2) this.#begun.push(chunk.subarray(start));
    return items;
  }
}
