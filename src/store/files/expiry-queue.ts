import TinyQueue from 'tinyqueue';

interface Expiry {
  readonly at: number;
  readonly name: string;
}

/**
 * The next leases to expire. A renewal among many thousand leases is cheap, because a renewed lease still comes out at its old
 * time, and the caller must check it again.
 */
export class ExpiryQueue {
  readonly #queue = new TinyQueue<Expiry>([], (a, b) => a.at - b.at);

  /** Milliseconds since the epoch; undefined when nothing ever ends. */
  get earliest(): number | undefined {
    return this.#queue.peek()?.at;
  }

  add(name: string, at: number): void {
    this.#queue.push({ at, name });
  }

  /** Takes out the names whose time is `now` or was before. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (let first = this.#queue.peek(); first !== undefined && first.at <= now; first = this.#queue.peek()) {
      due.push(first.name);
      this.#queue.pop();
    }
    return due;
  }
}
