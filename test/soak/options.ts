import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** About how many peers there are that are nothing but a lease. */
  readonly peers: number;
  readonly json: boolean;
}

export const usage = 'usage: npm run soak -- [--minutes 5] [--peers 300] [--seed NUMBER] [--json]';

const mostMinutes = 24 * 60;
/** The subnets that the peers are drawn from are 512; a free one has to be found soon. */
const mostPeers = 400;

/** Reads the command line. Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '5' },
      peers: { type: 'string', default: '300' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    minutes: readNumber('--minutes', values.minutes, 0.1, mostMinutes),
    peers: readCount('--peers', values.peers, 20, mostPeers),
    seed: readCount('--seed', values.seed, 0, 2 ** 31),
    json: values.json,
  };
}

function readNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= least && number <= most) return number;
  throw new Error(`${name} ${text} is not a number from ${least} to ${most}`);
}

function readCount(name: string, text: string, least: number, most: number): number {
  const count = readNumber(name, text, least, most);
  if (Number.isInteger(count)) return count;
  throw new Error(`${name} ${text} is not a whole number`);
}
