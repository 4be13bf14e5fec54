import type { Span } from '../../diagnostic/source.ts';
import { refuseBlanks } from './blanks.ts';
import { NotUnderstood } from './not-understood.ts';

const tokens = /\s*(0[xX][0-9A-Fa-f]+|\d+|[A-Za-z_]\w*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&^|!~?:()])\s*/y;

/** The binary operators of C, those that bind least first. */
const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Evaluates what stands in `$((…))`; assignments, and numbers of more than 63 bits, are left to the shell. */
export function evaluateArithmetic(
  text: string,
  span: Span,
  read: (name: string) => string | undefined,
): bigint {
  refuseBlanks(span, text);
  const evaluator = new Evaluator(tokenize(text, span), span, read);
  return evaluator.evaluate();
}

/** An integer as every shell reads it: decimal, without a leading zero, of at most 18 digits. */
export function parseInteger(text: string): bigint | undefined {
  return /^(?:0|-?[1-9]\d{0,17})$/.test(text) ? BigInt(text) : undefined;
}

function tokenize(text: string, span: Span): readonly string[] {
  if (/\+\+|--|\?[^]*\?/.test(text))
    throw new NotUnderstood(span, 'shells differ in `++`, in `--` and in a `?` inside of another one');
  const list: string[] = [];
  for (tokens.lastIndex = 0; tokens.lastIndex < text.length;) {
    const [, token] = tokens.exec(text) ?? [];
    if (token === undefined)
      throw new NotUnderstood(span, 'this arithmetic is more than operators on numbers');
    list.push(token);
  }
  return list;
}

class Evaluator {
  readonly #tokens: readonly string[];
  readonly #span: Span;
  readonly #read: (name: string) => string | undefined;
  #at = 0;

  constructor(list: readonly string[], span: Span, read: (name: string) => string | undefined) {
    this.#tokens = list;
    this.#span = span;
    this.#read = read;
  }

  evaluate(): bigint {
    const value = this.#conditional();
    if (this.#at < this.#tokens.length)
      throw this.#fault('this arithmetic is more than operators on numbers');
    return value;
  }

  #conditional(): bigint {
    const condition = this.#binary(0);
    if (!this.#take('?')) return condition;
    const yes = this.#conditional();
    if (!this.#take(':')) throw this.#fault('this arithmetic is more than operators on numbers');
    const no = this.#conditional();
    return condition === 0n ? no : yes;
  }

  #binary(level: number): bigint {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = this.#tokens[this.#at];
      if (operator === undefined || !operators.includes(operator)) return left;
      this.#at += 1;
      left = this.#apply(operator, left, this.#binary(level + 1));
    }
  }

  #unary(): bigint {
    if (this.#take('-')) return this.#checked(-this.#unary());
    if (this.#take('+')) return this.#unary();
    if (this.#take('!')) return this.#unary() === 0n ? 1n : 0n;
    if (this.#take('~')) return ~this.#unary();
    return this.#primary();
  }

  #primary(): bigint {
    if (this.#take('(')) {
      const value = this.#conditional();
      if (!this.#take(')')) throw this.#fault('this arithmetic is more than operators on numbers');
      return value;
    }
    const token = this.#tokens[this.#at];
    if (token === undefined || !/^\w/.test(token))
      throw this.#fault('this arithmetic is more than operators on numbers');
    this.#at += 1;
    if (/^0[xX]/.test(token)) return this.#checked(BigInt(token));
    const text = /^\d/.test(token) ? token : this.#read(token);
    refuseBlanks(this.#span, text ?? '');
    const value = text === undefined ? undefined : parseInteger(text);
    if (value === undefined) {
      throw this.#fault('shells differ in arithmetic with what is not a decimal number of at most 18 digits');
    }
    return value;
  }

  #apply(operator: string, left: bigint, right: bigint): bigint {
    switch (operator) {
      case '||':
        return left !== 0n || right !== 0n ? 1n : 0n;
      case '&&':
        return left !== 0n && right !== 0n ? 1n : 0n;
      case '|':
        return left | right;
      case '^':
        return left ^ right;
      case '&':
        return left & right;
      case '==':
        return left === right ? 1n : 0n;
      case '!=':
        return left !== right ? 1n : 0n;
      case '<':
        return left < right ? 1n : 0n;
      case '<=':
        return left <= right ? 1n : 0n;
      case '>':
        return left > right ? 1n : 0n;
      case '>=':
        return left >= right ? 1n : 0n;
      case '<<':
      case '>>': {
        if (right < 0n || right > 62n)
          throw this.#fault('a shift by so many bits is not the same everywhere');
        return this.#checked(operator === '<<' ? left << right : left >> right);
      }
      case '+':
        return this.#checked(left + right);
      case '-':
        return this.#checked(left - right);
      case '*':
        return this.#checked(left * right);
      default: {
        if (right === 0n) throw this.#fault('a division by zero ends the shell');
        return operator === '/' ? left / right : left % right;
      }
    }
  }

  #checked(value: bigint): bigint {
    if (value >= 1n << 62n || value <= -(1n << 62n))
      throw this.#fault('a number is too large to be the same in every shell');
    return value;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #fault(because: string): NotUnderstood {
    return new NotUnderstood(this.#span, because);
  }
}
