import type { Span } from '../../diagnostic/source.ts';

/** A place of a script that only a shell can follow. The script is then left to the shell. */
export class NotUnderstood extends Error {
  readonly span: Span;
  /** A phrase that follows "because": `the output of another program is not known`. */
  readonly because: string;

  constructor(span: Span, because: string) {
    super(because);
    this.span = span;
    this.because = because;
  }
}
