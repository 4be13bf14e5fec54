/** Names longer than this are not misspellings. */
const longestName = 64;

/**
 * The candidate that `name` most likely means, or undefined if none is near: the same but for case, or at most one
 * slip (a letter missing, added, replaced, or swapped with its neighbour) for every three letters.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > longestName) return undefined;
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  let smallest = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < smallest) {
      smallest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Whether a name is surely meant for another: the same but for case and at most two slips. */
export function isSlipOf(name: string, other: string): boolean {
  if (Math.abs(name.length - other.length) > 2) return false;
  return editDistance(name.toLowerCase(), other.toLowerCase()) <= 2;
}

/** The hint that goes with an unknown name, or undefined if nothing is near. */
export function suggestName(name: string, candidates: Iterable<string>): string | undefined {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? undefined : `did you mean \`${nearest}\`?`;
}

/** Damerau-Levenshtein distance in its optimal string alignment form, three rows at a time. */
function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replaced, at(previous, j) + 1, at(current, j - 1) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, at(twoBack, j - 2) + 1);
      current.push(best);
    }
    twoBack = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
