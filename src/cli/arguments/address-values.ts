import { InvalidArgumentError } from 'commander';
import { parseAddress, type Family } from '../../network/cidr.ts';
import { collect } from './options.ts';

// An empty text passes these parsers: the command decides what it means.

/** A parser for an address of one family. */
export function parseFamily(family: Family): (text: string) => string {
  return (text) => {
    if (text === '' || parseAddress(text)?.family === family) return text;
    throw new InvalidArgumentError(`It must be an IPv${family} address.`);
  };
}

/** A parser for an IPv4 or IPv6 address. */
export function parseAnyAddress(text: string): string {
  if (text === '' || parseAddress(text) !== undefined) return text;
  throw new InvalidArgumentError('It must be an IP address.');
}

/**
 * A parser for regular expressions in Go's syntax that may be given several times. JavaScript's own engine finds most mistakes here,
 * before a command loads the engine that has Go's syntax.
 */
export function collectPatterns(text: string, previous?: readonly string[]): string[] {
  try {
    new RegExp(
      text
        .replaceAll(/\(\?[imsU-]+([:)])/g, (_, end) => (end === ':' ? '(?:' : ''))
        .replaceAll('(?P<', '(?<'),
    );
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = error.message.slice(error.message.lastIndexOf(': ') + 2).toLowerCase();
    throw new InvalidArgumentError(`It is not a regular expression: ${why}.`);
  }
  return collect(text, previous);
}
