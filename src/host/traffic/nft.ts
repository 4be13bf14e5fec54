import type { Family } from '../../network/cidr.ts';
import { findTableTrouble, nftFamilies, renderHeddleTable, tableName } from '../../traffic/nftables.ts';
import { familyKey } from '../../network/per-family.ts';
import { trafficHooks, type ChainSuffix, type TrafficHook, type TrafficRules } from '../../traffic/rule.ts';
import { ProgramError } from '../run-program.ts';
import type { ExistingChains } from './existing-chains.ts';
import { runTool } from './run-tool.ts';
import type { TrafficTool } from './tool.ts';

/** The rules of heddle in nftables. */
export class Nftables implements TrafficTool {
  readonly name = 'nftables';
  readonly isNftables = true;
  readonly #suffix: ChainSuffix;

  constructor(suffix: ChainSuffix) {
    this.#suffix = suffix;
  }

  placeOf(_hook: TrafficHook, family: Family): string {
    return `the table ${tableName(family, this.#suffix)}`;
  }

  programs(): readonly string[] {
    return ['nft'];
  }

  async findTrouble(family: Family, wanted: TrafficRules): Promise<string | undefined> {
    return findTableTrouble(family, wanted, await listTable(family, this.#suffix), this.#suffix);
  }

  async apply(family: Family, wanted: TrafficRules, existing: ExistingChains): Promise<void> {
    const isWanted = trafficHooks.some((hook) => wanted[hook] !== undefined);
    if (!isWanted && !existing.mayHaveTable(family, tableName(family, this.#suffix))) return;
    if ((await this.findTrouble(family, wanted)) === undefined) return;
    await runNft(renderHeddleTable(family, wanted, this.#suffix));
  }

  async removeFlannel(family: Family, existing: ExistingChains): Promise<void> {
    const name = `flannel-${familyKey(family)}`;
    if (!existing.mayHaveTable(family, name)) return;
    const table = `table ${nftFamilies[family]} ${name}`;
    await runNft(`add ${table}\ndelete ${table}\n`);
  }
}

async function runNft(script: string): Promise<void> {
  await runTool('nft', ['-f', '-'], script);
}

/** heddle's table of a family as JSON; undefined if it does not exist. */
async function listTable(family: Family, suffix: ChainSuffix): Promise<string | undefined> {
  try {
    return await runTool('nft', ['-j', 'list', 'table', nftFamilies[family], tableName(family, suffix)]);
  } catch (error) {
    if (error instanceof ProgramError && error.stderr.includes('No such file or directory')) return undefined;
    throw error;
  }
}
