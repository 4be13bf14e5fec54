import type { Span } from '../../diagnostic/source.ts';
import { parseInteger } from './arithmetic.ts';
import { beginsWithBlank, hasBlank, refuseBlanks } from './blanks.ts';
import { NotUnderstood } from './not-understood.ts';

const comparisons: Readonly<Record<string, (left: bigint, right: bigint) => boolean>> = {
  '-eq': (left, right) => left === right,
  '-ne': (left, right) => left !== right,
  '-lt': (left, right) => left < right,
  '-le': (left, right) => left <= right,
  '-gt': (left, right) => left > right,
  '-ge': (left, right) => left >= right,
};

/** The words that are operators in at least one place. An operand of this form makes some shells read the whole otherwise. */
const operatorWord = /^(?:!|\(|\)|=|==|!=|<|>|=~|-[A-Za-z]{1,2})$/;

/** Evaluates the arguments of `test`, or of `[` without its `]`, by their number (POSIX.1-2017, XCU `test`). */
export function evaluateTest(words: readonly string[], span: Span): boolean {
  const [first = '', second = '', third = ''] = words;
  switch (words.length) {
    case 0:
      return false;
    case 1:
      return first !== '';
    case 2:
      if (first === '!') return second === '';
      return evaluateUnary(first, second, span);
    case 3:
      if (first === '!') return !evaluateTest(refuseOperators(words.slice(1), [1], span), span);
      return evaluateBinary(first, second, third, span);
    case 4:
      if (first === '!') return !evaluateTest(words.slice(1), span);
  }
  throw new NotUnderstood(span, 'a test of more than one condition is ambiguous; join several by && and ||');
}

function evaluateUnary(operator: string, operand: string, span: Span): boolean {
  refuseBlanks(span, operator);
  refuseOperators([operand], [0], span);
  switch (operator) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    default:
      throw new NotUnderstood(span, `\`${operator}\` asks about more than the text`);
  }
}

function evaluateBinary(left: string, operator: string, right: string, span: Span): boolean {
  refuseBlanks(span, operator);
  refuseOperators([left, right], [0, 1], span);
  // A text with a blank is not empty.
  if (left !== '' && right !== '') refuseBlanks(span, left, right);
  if (operator === '=') return left === right;
  if (operator === '!=') return left !== right;
  const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (compare === undefined)
    throw new NotUnderstood(span, `\`${operator}\` is not a comparison that every shell knows`);
  const [a, b] = [parseInteger(left), parseInteger(right)];
  if (a === undefined || b === undefined) {
    throw new NotUnderstood(
      span,
      'shells differ in how they compare what is not a decimal number of at most 18 digits',
    );
  }
  return compare(a, b);
}

function refuseOperators(words: readonly string[], places: readonly number[], span: Span): readonly string[] {
  for (const place of places) {
    const word = words[place] ?? '';
    if (hasBlank(word) && !beginsWithBlank(word)) refuseBlanks(span, word);
  }
  if (!places.some((place) => operatorWord.test(words[place] ?? ''))) return words;
  throw new NotUnderstood(span, 'an operand of the test has the form of an operator');
}
