import TinyQueue from 'tinyqueue';

interface Expiry {
  readonly at: number;
  readonly name: string;
}

/**
 * The next leases to expire. A renewed lease still comes out at its old time, and the caller must check it again. So a renewal among many
 * thousand leases is cheap.
 */
export class ExpiryQueue {
  readonly #queue = new TinyQueue<Expiry>([], (a, b) => a.at - b.at);

  /** The earliest expiry in milliseconds since the epoch; undefined if no lease expires. */
  get earliest(): number | undefined {
    return this.#queue.peek()?.at;
  }

  add(name: string, at: number): void {
    this.#queue.push({ at, name });
  }

  /** Takes out the names whose time is `now` or earlier. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (let first = this.#queue.peek(); first !== undefined && first.at <= now; first = this.#queue.peek()) {
      due.push(first.name);
      this.#queue.pop();
    }
    return due;
  }
}
