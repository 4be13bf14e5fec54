import { InvalidArgumentError } from 'commander';
import { parseAddress, type Family } from '../../network/cidr.ts';

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
