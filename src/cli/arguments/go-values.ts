import { InvalidArgumentError } from 'commander';

/** Go's words of truth (strconv.ParseBool). */
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

/** The words of truth as a sentence for messages. */
export const truthHint = `It must be one of ${[...truths.keys()].join(', ')}.`;

/** Reads a truth value as Go's flag package does. Undefined for any other word. */
export function readTruth(text: string): boolean | undefined {
  return truths.get(text);
}

/** A parser for options whose value is a truth value. */
export function parseTruth(text: string): boolean {
  const value = readTruth(text);
  if (value === undefined) throw new InvalidArgumentError(truthHint);
  return value;
}

/** A whole number in Go's notation: with a sign, in base 10, 16 (0x), 8 (0 or 0o) or 2 (0b), with underscores between digits. */
const goInteger = /^([+-]?)(?:(0)|([1-9](?:_?\d)*)|(0x(?:_?[\da-f])+)|(0b(?:_?[01])+)|0o?((?:_?[0-7])+))$/i;

/** Reads a whole number as Go's flag package does. Undefined for any other text. */
export function readGoInteger(text: string): number | undefined {
  const [match, sign, zero, decimal, hexadecimal, binary, octal] = goInteger.exec(text) ?? [];
  if (match === undefined) return undefined;
  const digits = zero ?? decimal ?? hexadecimal ?? binary ?? `0o${octal ?? ''}`;
  const value = Number(digits.replaceAll('_', ''));
  return sign === '-' ? -value : value;
}

/** A parser for a whole number in Go's notation within bounds, both inclusive. */
export function goNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = readGoInteger(text);
    if (value === undefined || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}
