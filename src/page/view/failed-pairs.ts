import type { PagePair } from '../model.ts';
import type { PageProblem } from './problem.ts';

/** The most names in one sentence. */
const mostNames = 8;
const mostReasons = 3;

/**
 * Lists the pairs that fail, with one problem for all pairs of a node. The node with the most failed pairs comes first, because a node that
 * reaches nobody is more likely broken than all others.
 */
export function problemsOfPairs(pairs: readonly PagePair[]): readonly PageProblem[] {
  const problems: PageProblem[] = [];
  let left = pairs.filter(({ ok }) => !ok);
  while (left.length > 0) {
    const node = mostFrequent(left);
    const own = left.filter(({ from, to }) => from === node || to === node);
    for (const what of describe(node, own))
      problems.push({ where: node, what, look: null, repair: null, detail: null });
    left = left.filter((pair) => !own.includes(pair));
  }
  return problems;
}

/** The node with the most pairs; the first of several. */
function mostFrequent(pairs: readonly PagePair[]): string {
  const counts = new Map<string, number>();
  for (const name of pairs.flatMap(({ from, to }) => [from, to]))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0] ?? '';
}

function describe(node: string, pairs: readonly PagePair[]): readonly string[] {
  const goes = pairs.filter(({ from }) => from === node);
  const comes = pairs.filter(({ to }) => to === node);
  const targets = goes.map(({ to }) => to);
  const sources = comes.map(({ from }) => from);
  if (sources.length > 0 && targets.toSorted().join('\n') === sources.toSorted().join('\n'))
    return [`the pod of ${node} and ${podsOf(targets)} do not reach each other: ${reasonsOf(pairs)}`];
  return [
    ...(goes.length === 0
      ? []
      : [`the pod of ${node} does not reach ${podsOf(targets)}: ${reasonsOf(goes)}`]),
    ...(comes.length === 0
      ? []
      : [
          `${podsOf(sources)} ${sources.length === 1 ? 'does' : 'do'} not reach the pod of ${node}: ${reasonsOf(comes)}`,
        ]),
  ];
}

function podsOf(names: readonly string[]): string {
  return `the pod${names.length === 1 ? '' : 's'} of ${listNames(names)}`;
}

/** The different reasons, of which a sentence has only some. */
function reasonsOf(pairs: readonly PagePair[]): string {
  const reasons = [...new Set(pairs.map(reasonOf))];
  return reasons.slice(0, mostReasons).join('; ') + (reasons.length > mostReasons ? '; …' : '');
}

function reasonOf({ reason, rttMs }: PagePair): string {
  return reason ?? (rttMs === null ? 'no answer' : 'a packet of the published MTU is lost');
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, mostNames);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}
