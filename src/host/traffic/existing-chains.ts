import type { Family } from '../../network/cidr.ts';
import { nftFamilies } from '../../traffic/nftables.ts';
import { runTool } from './run-tool.ts';

/** The chains of nf_tables on this machine, including those of iptables-nft: one program shows them all. */
export class ExistingChains {
  /** The names of the chains; undefined if the machine does not show them, so that any chain may exist. */
  readonly #names: ReadonlySet<string> | undefined;

  private constructor(names: ReadonlySet<string> | undefined) {
    this.#names = names;
  }

  /** The value for a look that removes nothing. */
  static readonly none = new ExistingChains(new Set());

  static async read(): Promise<ExistingChains> {
    try {
      const printed = await runTool('nft', ['-j', 'list', 'chains']);
      const { nftables } = JSON.parse(printed) as { readonly nftables: readonly Listed[] };
      const names = nftables.flatMap(({ chain }) => (chain === undefined ? [] : [nameOf(chain)]));
      return new ExistingChains(new Set(names));
    } catch {
      return new ExistingChains(undefined);
    }
  }

  mayHave(family: Family, table: string, chain: string): boolean {
    return this.#names?.has(nameOf({ family: nftFamilies[family], table, name: chain })) ?? true;
  }

  mayHaveTable(family: Family, table: string): boolean {
    const start = nameOf({ family: nftFamilies[family], table, name: '' });
    return this.#names === undefined || [...this.#names].some((name) => name.startsWith(start));
  }
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

interface Listed {
  readonly chain?: Chain;
}

function nameOf({ family, table, name }: Chain): string {
  return `${family} ${table} ${name}`;
}
