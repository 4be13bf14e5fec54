import type { Match } from './packet.ts';

/** The fate of a packet. `maybe`: rules decide that cannot be judged here. */
export type Fate = 'accept' | 'drop' | 'maybe';

/** The effect of a rule on a packet that matches it. */
export type RuleEffect =
  | { readonly kind: 'fate'; readonly fate: Fate }
  /** The rule notes or changes the packet. */
  | { readonly kind: 'none' }
  /** The packet goes on after the jump to this chain. */
  | { readonly kind: 'return' }
  /** `comesBack`: whether the packet goes on after this rule if the other chain does not decide. */
  | { readonly kind: 'chain'; readonly chain: string; readonly comesBack: boolean };

/** A rule, judged for one packet. */
export interface JudgedRule {
  readonly match: Match;
  readonly effect: RuleEffect;
}

/** The deepest nesting of chains that is followed. */
const deepest = 16;
/** The most places that are judged: a firewall of another program may have any number of rules. */
const mostPlaces = 2000;

/** A place in the rules: the rule that comes next in a chain, and the place where the packet goes on after that chain. */
interface Place {
  readonly chain: string;
  readonly next: number;
  readonly after: Place | undefined;
}

/**
 * The fate of a packet from the first rule of a chain that the kernel calls. Where it cannot be judged whether a rule matches, both ways
 * are followed: if they end alike, so does the packet.
 *
 * @param rulesOf the rules of a chain; undefined if the chain is not known
 * @param policy the fate of a packet for which no rule decides
 */
export function walkChains(
  rulesOf: (chain: string) => readonly JudgedRule[] | undefined,
  start: string,
  policy: 'accept' | 'drop',
): Fate {
  // A chain may be reached by many ways, each of which needs to be followed once only.
  const known = new Map<string, Fate>();
  let places = 0;
  const follow = (place: Place | undefined): Fate => {
    if (place === undefined) return policy;
    if (depthOf(place) > deepest) return 'maybe';
    const key = keyOf(place);
    const before = known.get(key);
    if (before !== undefined) return before;
    places += 1;
    if (places > mostPlaces) return 'maybe';
    const fate = judge(place);
    known.set(key, fate);
    return fate;
  };
  const judge = (place: Place): Fate => {
    const rules = rulesOf(place.chain);
    if (rules === undefined) return 'maybe';
    let next = place.next;
    // Most rules do not match, or match and decide nothing.
    while (next < rules.length && !isDecisive(rules[next])) next += 1;
    const rule = rules[next];
    if (rule === undefined) return follow(place.after);
    const rest = { ...place, next: next + 1 };
    const fate = takeEffect(rule.effect, rest);
    if (rule.match === true) return fate;
    return fate === follow(rest) ? fate : 'maybe';
  };
  const takeEffect = (effect: RuleEffect, rest: Place): Fate => {
    switch (effect.kind) {
      case 'fate':
        return effect.fate;
      case 'none':
        return follow(rest);
      case 'return':
        return follow(rest.after);
      case 'chain':
        return follow({ chain: effect.chain, next: 0, after: effect.comesBack ? rest : rest.after });
    }
  };
  return follow({ chain: start, next: 0, after: undefined });
}

function isDecisive(rule: JudgedRule | undefined): boolean {
  return rule !== undefined && rule.match !== false && rule.effect.kind !== 'none';
}

function depthOf(place: Place): number {
  return place.after === undefined ? 1 : 1 + depthOf(place.after);
}

function keyOf({ chain, next, after }: Place): string {
  return `${chain} ${next}${after === undefined ? '' : `/${keyOf(after)}`}`;
}
