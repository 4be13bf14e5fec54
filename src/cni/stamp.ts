import type { JsonObject } from './template.ts';

const note = 'heddle wrote this list, and replaces or removes it; change the template instead';

/** The mark of a rendered list: a key that container runtimes pass over. */
export function stampOf(stateDirectory: string): JsonObject {
  return { heddle: { note, stateDirectory } };
}

/** The state directory of the daemon that rendered a list. Undefined for a text without the mark of a daemon. */
export function stampIn(text: string): string | undefined {
  try {
    const { heddle } = JSON.parse(text) as { readonly heddle?: unknown };
    const { stateDirectory } = heddle as { readonly stateDirectory?: unknown };
    return typeof stateDirectory === 'string' ? stateDirectory : undefined;
  } catch {
    // Neither a list nor anything else of heddle's.
    return undefined;
  }
}
