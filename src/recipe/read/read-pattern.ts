import type { Findings } from '../../diagnostic/findings.ts';
import type { Located } from '../../diagnostic/located.ts';
import { compilePattern } from './patterns.ts';

/** Compiles a pattern of the recipe, or reports why it is none. */
export function readPattern(
  given: Located<string> | undefined,
  path: string,
  findings: Findings,
): RegExp | undefined {
  if (given === undefined) return undefined;
  const compiled = compilePattern(given.value);
  if (compiled.kind === 'compiled') return compiled.pattern;
  const message = `\`${path}\` is not a regular expression: ${compiled.reason.toLowerCase()}`;
  const hint = 'write a JavaScript regular expression; it has the `u` flag and matches the whole value';
  findings.error('bad-pattern', given.span, message, hint);
  return undefined;
}
