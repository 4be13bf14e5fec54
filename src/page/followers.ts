import type { PageDocument } from './model.ts';

/** The browsers that follow a document, and the last document, so that each new one has it at once. */
export class DocumentFollowers {
  readonly #followers = new Set<(document: PageDocument) => void>();
  #last: PageDocument | undefined;
  #lastText = '';

  get isEmpty(): boolean {
    return this.#followers.size === 0;
  }

  add(onChange: (document: PageDocument) => void): () => void {
    this.#followers.add(onChange);
    if (this.#last !== undefined) onChange(this.#last);
    return () => this.#followers.delete(onChange);
  }

  /** Shows a document to all, unless only its time differs from the last one. */
  show(document: PageDocument): void {
    const text = JSON.stringify({ ...document, madeAt: '' });
    if (text === this.#lastText) return;
    this.#last = document;
    this.#lastText = text;
    for (const follower of this.#followers) follower(document);
  }
}
