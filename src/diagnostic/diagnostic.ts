import type { SourceText, Span } from './source.ts';

export type Severity = 'error' | 'warning';

/** One finding about a text that a person wrote, tied to the exact place. */
export interface Diagnostic {
  readonly severity: Severity;
  /** A stable name in kebab case, documented in `docs/recipes.md`. */
  readonly code: string;
  /** One sentence without a final full stop: what is wrong. */
  readonly message: string;
  readonly source: SourceText;
  readonly span: Span;
  /** The next step, as one sentence. */
  readonly hint?: string;
}

/** How many of the findings are errors. */
export function countErrors(findings: readonly Diagnostic[]): number {
  return findings.filter(({ severity }) => severity === 'error').length;
}

/** Either a value, or everything that was wrong with its text. Warnings may accompany a value. */
export type CheckResult<T> =
  | { readonly kind: 'valid'; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] };
