import type { KernelState, StateObject } from '../kernel/kernel-state.ts';

/**
 * Finds an object of a kernel whose description has all of the given words, in their order: `route 10.50.2.0/24 dev flannel.1` finds the
 * route `10.50.2.0/24 via 10.50.2.0 dev flannel.1`. The first word is the kind of the object: `link`, `address`, `route`, `neighbour`,
 * `fdb`, `rule`, `nftables`, `xfrm` or `WireGuard`.
 */
export function findEntry(state: KernelState, description: string): StateObject | undefined {
  const wanted = wordsOf(description);
  return [...state.values()].find(({ kind, name }) => hasInOrder(wordsOf(`${kind} ${name}`), wanted));
}

/** The words of a description. The punctuation between them does not count, but an address keeps its own. */
function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s(),]+/)
    .filter((word) => word !== '');
}

function hasInOrder(words: readonly string[], wanted: readonly string[]): boolean {
  if (words[0] !== wanted[0]) return false;
  let at = 0;
  for (const word of words) if (word === wanted[at]) at += 1;
  return at === wanted.length;
}
