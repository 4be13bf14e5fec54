import type { PatternToken } from './tokens.ts';

/** How a backtracking engine, such as JavaScript's, fares with a pattern. */
type Backtracking =
  /** Its time grows as the length of the text. */
  | 'linear'
  /** Its time may grow as a power of the length, or exponentially: not looked at more closely. */
  | 'perhaps-slow'
  /** Its time grows exponentially: a part that repeats is itself nothing but what repeats. */
  | 'exponential';

/** The ways in which a part of a pattern can match. */
interface Ways {
  /** The number of ways, without those that an unbounded repeat has. */
  readonly count: number;
  /** The number of unbounded repeats of a character. */
  readonly repeats: number;
  readonly isOneCharacter: boolean;
  readonly canBeEmpty: boolean;
  /** Whether the whole of a match can come from one unbounded repeat. */
  readonly canBeRepeat: boolean;
  readonly isExponential: boolean;
}

/** More ways than these are not called linear. */
const mostWays = 64;

const nothing: Ways = {
  count: 1,
  repeats: 0,
  isOneCharacter: false,
  canBeEmpty: true,
  canBeRepeat: false,
  isExponential: false,
};

const oneCharacter: Ways = { ...nothing, isOneCharacter: true, canBeEmpty: false };

/** Finds out what a pattern, anchored at both ends, costs an engine that tries one way after the other. */
export function judgeBacktracking(tokens: readonly PatternToken[]): Backtracking {
  const { count, repeats, isExponential } = readAlternatives(new Tokens(tokens));
  if (isExponential) return 'exponential';
  // One repeat may end at each character, and then there are so many ways to go on.
  return count <= mostWays && repeats <= 1 ? 'linear' : 'perhaps-slow';
}

class Tokens {
  readonly #tokens: readonly PatternToken[];
  #at = 0;

  constructor(tokens: readonly PatternToken[]) {
    this.#tokens = tokens;
  }

  get next(): PatternToken | undefined {
    return this.#tokens[this.#at];
  }

  take(): PatternToken | undefined {
    return this.#tokens[this.#at++];
  }
}

function readAlternatives(tokens: Tokens): Ways {
  let ways = readSequence(tokens);
  while (tokens.next?.kind === 'or') {
    tokens.take();
    ways = either(ways, readSequence(tokens));
  }
  return ways;
}

function readSequence(tokens: Tokens): Ways {
  let ways: Ways | undefined;
  while (tokens.next !== undefined && tokens.next.kind !== 'or' && tokens.next.kind !== 'close') {
    const part = readRepeated(tokens);
    ways = ways === undefined ? part : both(ways, part);
  }
  return ways ?? nothing;
}

function readRepeated(tokens: Tokens): Ways {
  const part = readPart(tokens);
  const { next } = tokens;
  if (next?.kind !== 'repeat') return part;
  tokens.take();
  return repeated(part, next.least, next.most);
}

function readPart(tokens: Tokens): Ways {
  const token = tokens.take();
  if (token?.kind === 'character') return oneCharacter;
  if (token?.kind !== 'open') return nothing;
  const ways = readAlternatives(tokens);
  tokens.take();
  return ways;
}

function either(a: Ways, b: Ways): Ways {
  return {
    count: a.count + b.count,
    repeats: Math.max(a.repeats, b.repeats),
    isOneCharacter: false,
    canBeEmpty: a.canBeEmpty || b.canBeEmpty,
    canBeRepeat: a.canBeRepeat || b.canBeRepeat,
    isExponential: a.isExponential || b.isExponential,
  };
}

function both(a: Ways, b: Ways): Ways {
  return {
    count: a.count * b.count,
    repeats: a.repeats + b.repeats,
    isOneCharacter: false,
    canBeEmpty: a.canBeEmpty && b.canBeEmpty,
    canBeRepeat: (a.canBeRepeat && b.canBeEmpty) || (a.canBeEmpty && b.canBeRepeat),
    isExponential: a.isExponential || b.isExponential,
  };
}

function repeated(part: Ways, least: number, most: number): Ways {
  const canBeEmpty = part.canBeEmpty || least === 0;
  if (most - least < mostWays) {
    let count = 0;
    for (let times = least; times <= most; times++) count += part.count ** times;
    return { ...part, count, repeats: part.repeats * most, canBeEmpty, isOneCharacter: false };
  }
  return {
    count: part.isOneCharacter ? 1 : Infinity,
    repeats: 1,
    isOneCharacter: false,
    canBeEmpty,
    canBeRepeat: true,
    isExponential: part.isExponential || (most === Infinity && part.canBeRepeat),
  };
}
