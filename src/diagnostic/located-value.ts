import type { Span } from './source.ts';

/** A value that was read from a text, and the place it was read from. */
export interface LocatedValue<T> {
  readonly value: T;
  readonly span: Span;
}
