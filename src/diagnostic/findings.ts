import type { DiagnosticCode } from './codes.ts';
import type { CheckResult, Diagnostic, Severity } from './diagnostic.ts';
import type { SourceText, Span } from './source.ts';

/** The text of a finding, in addition to its code and place. */
interface Finding {
  readonly severity: Severity;
  readonly code: DiagnosticCode;
  readonly span: Span;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Collects what is wrong with one text, so that all of it is reported at once. The one builder of diagnostics. */
export class Findings {
  readonly #source: SourceText;
  readonly #found: Finding[] = [];
  readonly #secrets: Span[] = [];

  constructor(source: SourceText) {
    this.#source = source;
  }

  error(code: DiagnosticCode, span: Span, message: string, hint?: string): void {
    this.#found.push({ severity: 'error', code, span, message, hint });
  }

  warning(code: DiagnosticCode, span: Span, message: string, hint?: string): void {
    this.#found.push({ severity: 'warning', code, span, message, hint });
  }

  /** Keeps a stretch of the text, such as a pre-shared key, out of every code frame. */
  redact(span: Span): void {
    this.#secrets.push(span);
  }

  /** Adds the new findings of another check of the same text that begin inside a stretch of it. */
  absorb(other: Findings, { offset, length }: Span): void {
    const isInside = ({ span }: Finding): boolean => offset <= span.offset && span.offset < offset + length;
    const isNew = ({ code, span, message }: Finding): boolean =>
      !this.#found.some(
        (own) => own.code === code && own.span.offset === span.offset && own.message === message,
      );
    this.#found.push(...other.#found.filter((finding) => isInside(finding) && isNew(finding)));
    this.#secrets.push(...other.#secrets);
  }

  /**
   * The outcome of the whole check: the value if there was no error. `value` may be undefined only after an error.
   * Diagnostics come in the order of the text.
   */
  conclude<T>(value: T | undefined): CheckResult<T> {
    const diagnostics = this.list();
    if (diagnostics.some(({ severity }) => severity === 'error')) return { kind: 'invalid', diagnostics };
    if (value === undefined) throw new Error(`${this.#source.name} was refused without an error`);
    return { kind: 'valid', value, warnings: diagnostics };
  }

  /** The findings so far, in the order of the text. */
  list(): Diagnostic[] {
    const source = { name: this.#source.name, text: hideSpans(this.#source.text, this.#secrets) };
    return this.#found
      .toSorted((a, b) => a.span.offset - b.span.offset)
      .map(({ hint, ...finding }) => ({ ...finding, source, ...(hint === undefined ? {} : { hint }) }));
  }
}

/** Overwrites each span, keeping every offset and line break. */
function hideSpans(text: string, spans: readonly Span[]): string {
  return spans.reduce(
    (hidden, { offset, length }) =>
      hidden.slice(0, offset) +
      hidden.slice(offset, offset + length).replaceAll(/[^\r\n]/g, '*') +
      hidden.slice(offset + length),
    text,
  );
}
