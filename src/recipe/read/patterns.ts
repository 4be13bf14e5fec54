/** A compiled pattern, or the reason why it is not a regular expression. */
export type CompiledPattern =
  | { readonly kind: 'compiled'; readonly pattern: RegExp }
  | { readonly kind: 'refused'; readonly reason: string };

/** Compiles a pattern of a recipe: a JavaScript regular expression that the whole of a text must match. */
export function compilePattern(pattern: string): CompiledPattern {
  try {
    // Alone first: `a)|(?:b` would be well formed between the brackets, and anchored at neither end.
    const alone = new RegExp(pattern, 'u');
    return { kind: 'compiled', pattern: new RegExp(`^(?:${alone.source})$`, 'u') };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'refused', reason: error.message.slice(error.message.lastIndexOf(': ') + 2) };
  }
}
