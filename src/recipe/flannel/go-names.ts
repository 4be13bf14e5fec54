/**
 * The name that Go's encoding/json takes a key for: the same, or the same but for case. Returns undefined for a key that
 * Go passes over.
 */
export function matchGoName(key: string, names: readonly string[]): string | undefined {
  if (names.includes(key)) return key;
  const folded = foldGoName(key);
  return names.find((name) => foldGoName(name) === folded);
}

/**
 * A key without its case, as Go folds it. Outside of ASCII, only the long s and the Kelvin sign are other cases of a letter
 * that names of keys have.
 */
function foldGoName(key: string): string {
  return key
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k')
    .replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
}
