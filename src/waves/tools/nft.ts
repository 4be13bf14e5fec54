import type { WholeTool } from './batch-tool.ts';

const name = '[A-Za-z_][A-Za-z0-9_-]*';
const family = '(?:(?:ip|ip6|inet|arp|bridge|netdev) )?';
/** An element of a set or a map, as `10.0.0.1 . 80 timeout 1h : accept`. */
const element = '[A-Za-z0-9_.:/-]+(?: [A-Za-z0-9_.:/-]+)*';

const changesSet = new RegExp(
  `^(?:add|create|delete|destroy) element ${family}${name} ${name} \\{ ?${element}(?: ?, ?${element})* ?\\}$`,
);
const addsRule = new RegExp(`^add rule ${family}${name} ${name}(?: [A-Za-z0-9_.:/-]+)+$`);
/** Words of a rule that name its place among the others. */
const place = / (?:handle|index|position) /;

/**
 * `nft`. It takes the words of a call for one line, and makes all lines of a file in one transaction: either the kernel does all of them,
 * or none.
 */
export const nft: WholeTool = {
  kind: 'whole',
  program: 'nft',
  identity: '--version',
  answer: /^nftables v/,
  readsInput: (words) => words.some((word) => /^-|include/.test(word)),
  batchLine: (words) => {
    const line = words.join(' ');
    if (!changesSet.test(line) && !(addsRule.test(line) && !place.test(line))) return undefined;
    return { options: [], line: `${line}\n` };
  },
  compose: (_, lines) => ({ arguments: ['-f', '/dev/stdin'], stdin: lines.join('') }),
  mostCharacters: 1_000_000,
  judge: (succeeded, messages) => {
    // Only its own word that it refuses proves that it did nothing; a rule must not be added twice.
    if (/(?:^|: )Error: /m.test(messages)) return 'repeat';
    return succeeded ? 'succeeded' : 'unknown';
  },
};
