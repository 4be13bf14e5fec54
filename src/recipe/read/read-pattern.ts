import type { Findings } from '../../diagnostic/findings.ts';
import type { LocatedValue } from '../../diagnostic/located-value.ts';
import { compilePattern, type ValuePattern } from '../pattern/compile-pattern.ts';

/** Compiles a pattern of the recipe, or reports why it cannot be used. */
export function readPattern(
  given: LocatedValue<string> | undefined,
  path: string,
  findings: Findings,
): ValuePattern | undefined {
  if (given === undefined) return undefined;
  const compiled = compilePattern(given.value);
  switch (compiled.kind) {
    case 'compiled':
      if (compiled.isExponential) {
        const message = `\`${path}\` repeats a part that is itself a repeat, so a text can match in very many ways`;
        const hint =
          'write each repeat once: `[a-z]+(-[a-z]+)*` for `([a-z]+-?)+`; heddle matches it in linear time, but slowly';
        findings.warning('slow-pattern', given.span, message, hint);
      }
      return compiled.pattern;
    case 'refused': {
      const message = `\`${path}\` is not a regular expression: ${compiled.reason.toLowerCase()}`;
      const hint = 'write a JavaScript regular expression; it has the `u` flag and matches the whole value';
      findings.error('bad-pattern', given.span, message, hint);
      return undefined;
    }
    case 'unsupported': {
      const message = `\`${path}\` has a part that heddle does not match, because it may take very long: ${compiled.what}`;
      const hint =
        'write the pattern without this part; heddle matches the syntax that JavaScript and RE2 share';
      findings.error('unsupported-pattern', given.span, message, hint);
      return undefined;
    }
  }
}
