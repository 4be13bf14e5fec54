import { textOf, wordOf, type Fields } from './json-objects.ts';
import type { StateObject } from './kernel-state.ts';

/** The fields of nftables' objects that differ between two that mean the same: numbers of the kernel, and counters. */
const volatile: ReadonlySet<string> = new Set(['handle', 'index', 'counter', 'packets', 'bytes', 'expires']);

/** The tables and chains that iptables makes for its own rules, and never removes. */
const tablesOfIptables: ReadonlySet<string> = new Set(['nat', 'filter', 'mangle', 'raw', 'security']);
const chainsOfIptables: ReadonlySet<string> = new Set([
  ...['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
]);

/**
 * Whether an object is not made by a recipe: it is a table or a chain that iptables keeps, or it belongs to the traffic rules of heddle.
 */
function isOfOthers(kind: string, fields: Fields): boolean {
  const name = wordOf(fields, 'name') ?? '';
  if (/HEDDLE-|heddle-ipv[46]/.test(textOf(fields))) return true;
  if (kind === 'table') return tablesOfIptables.has(name);
  return (
    kind === 'chain' && chainsOfIptables.has(name) && tablesOfIptables.has(wordOf(fields, 'table') ?? '')
  );
}

/** Reads `nft -j list ruleset`. The elements of a set belong to the set. */
export function parseNftables(output: string): readonly StateObject[] {
  if (output === '') return [];
  const { nftables } = JSON.parse(output) as { readonly nftables: readonly Fields[] };
  return nftables.flatMap((entry): StateObject[] => {
    const [[kind, object] = ['', {}]] = Object.entries(entry);
    const fields = object as Fields;
    if (isOfOthers(kind, fields)) return [];
    const family = wordOf(fields, 'family') ?? '';
    const table = wordOf(fields, 'table') ?? '';
    const name = wordOf(fields, 'name') ?? '';
    const common = { text: `${kind} ${textOf(fields, volatile)}`, device: undefined };
    switch (kind) {
      case 'table':
        return [
          {
            ...common,
            kind: 'nftables table',
            name: `${family} ${name}`,
            remove: ['nft', 'delete', 'table', family, name],
          },
        ];
      case 'chain': {
        // A chain is deleted only if it is empty, and nft flushes it first.
        const chain = `${family} ${table} ${name}`;
        const remove: readonly [string, ...string[]] = ['nft', `flush chain ${chain}; delete chain ${chain}`];
        return [{ ...common, kind: 'nftables chain', name: chain, remove }];
      }
      case 'set':
      case 'map':
        return [
          {
            ...common,
            kind: 'nftables set',
            name: `${family} ${table} ${name}`,
            remove: ['nft', 'delete', kind, family, table, name],
          },
        ];
      case 'rule': {
        const chain = wordOf(fields, 'chain') ?? '';
        const handle = wordOf(fields, 'handle') ?? '';
        const about = wordOf(fields, 'comment') ?? textOf(fields['expr'] ?? [], volatile).slice(0, 80);
        return [
          {
            ...common,
            kind: 'nftables rule',
            name: `${family} ${table} ${chain}: ${about}`,
            remove: ['nft', 'delete', 'rule', family, table, chain, 'handle', handle],
          },
        ];
      }
      default:
        return [];
    }
  });
}
