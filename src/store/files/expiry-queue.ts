interface Expiry {
  readonly at: number;
  readonly name: string;
}

/**
 * The next leases to expire: a binary heap, so that a renewal among many thousand leases is cheap. A renewed lease
 * still comes out at its old time, and the caller must check it again.
 */
export class ExpiryQueue {
  readonly #heap: Expiry[] = [];

  /** Milliseconds since the epoch; undefined when nothing ever ends. */
  get earliest(): number | undefined {
    return this.#heap[0]?.at;
  }

  add(name: string, at: number): void {
    const heap = this.#heap;
    let child = heap.length;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= at) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = { at, name };
  }

  /** Takes out the names whose time is `now` or was before. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      due.push(first.name);
      this.#removeFirst();
    }
    return due;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let parent = 0;
    for (;;) {
      const left = heap[2 * parent + 1];
      const right = heap[2 * parent + 2];
      const isRight = left !== undefined && right !== undefined && right.at < left.at;
      const sooner = isRight ? right : left;
      if (sooner === undefined || sooner.at >= last.at) break;
      heap[parent] = sooner;
      parent = 2 * parent + (isRight ? 2 : 1);
    }
    heap[parent] = last;
  }
}
