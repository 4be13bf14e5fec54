import { readFile } from 'node:fs/promises';
import type { Family } from '../../network/cidr.ts';
import {
  knowsRandomFully,
  placeOf,
  planChain,
  planRemoval,
  readChain,
  type ChainState,
  type RulesChange,
} from '../../traffic/iptables.ts';
import {
  trafficHooks,
  withoutRandomPorts,
  type ChainSuffix,
  type TrafficHook,
  type TrafficRules,
} from '../../traffic/rule.ts';
import { ProgramError } from '../run-program.ts';
import { ExistingChains } from './existing-chains.ts';
import { runTool } from './run-tool.ts';
import type { TrafficTool } from './tool.ts';

/** The seconds for which iptables waits for its lock. */
const lockSeconds = '10';

/** The two forms of iptables, which do not see each other's rules. */
type IptablesBackend = 'nf_tables' | 'legacy';

const suffixes: Readonly<Record<IptablesBackend, string>> = { nf_tables: '-nft', legacy: '-legacy' };

/** flannel's chains (flannel 0.28.9), by the hook of heddle's chain for the same purpose. */
const flannelChains = { postrouting: 'FLANNEL-POSTRTG', forward: 'FLANNEL-FWD' } as const;

/** The rules of heddle in iptables and ip6tables. */
export class Iptables implements TrafficTool {
  readonly #backend: IptablesBackend;
  /** The suffix of the programs' names; empty for the machine's default programs. */
  readonly #suffix: string;

  readonly #hasRandomFully: boolean;
  readonly #chainSuffix: ChainSuffix;

  private constructor(
    backend: IptablesBackend,
    suffix: string,
    hasRandomFully: boolean,
    chainSuffix: ChainSuffix,
  ) {
    this.#backend = backend;
    this.#suffix = suffix;
    this.#hasRandomFully = hasRandomFully;
    this.#chainSuffix = chainSuffix;
  }

  /** The machine's default iptables. Throws a {@link ProgramError} if it does not run. */
  static async chosen(chainSuffix: ChainSuffix): Promise<Iptables> {
    const printed = await runTool('iptables', ['--version']);
    const backend = printed.includes('nf_tables') ? 'nf_tables' : 'legacy';
    return new Iptables(backend, '', knowsRandomFully(printed), chainSuffix);
  }

  /** The iptables of a backend, under its own name. */
  static of(backend: IptablesBackend, chainSuffix: ChainSuffix): Iptables {
    return new Iptables(backend, suffixes[backend], true, chainSuffix);
  }

  get name(): string {
    return `iptables (${this.#backend})`;
  }

  get isNftables(): boolean {
    return this.#backend === 'nf_tables';
  }

  placeOf(hook: TrafficHook): string {
    return `the chain ${placeOf(hook, this.#chainSuffix).chain}`;
  }

  programs(family: Family): readonly string[] {
    const main = this.#program(family);
    return [main, `${main}-restore`];
  }

  async findTrouble(family: Family, wanted: TrafficRules): Promise<string | undefined> {
    const changes = await this.#plan(family, wanted, ExistingChains.none);
    return changes.length === 0 ? undefined : changes.map(({ because }) => because).join('; ');
  }

  async apply(family: Family, wanted: TrafficRules, existing: ExistingChains): Promise<void> {
    await this.#run(family, await this.#plan(family, wanted, existing));
  }

  async removeFlannel(family: Family, existing: ExistingChains): Promise<void> {
    const changes: RulesChange[] = [];
    for (const hook of trafficHooks) {
      const { table, base } = placeOf(hook, '');
      const chain = flannelChains[hook];
      if (!(await this.#mayHave(family, table, chain, existing))) continue;
      const change = planRemoval(table, chain, await this.#look(family, table, base, chain));
      if (change !== undefined) changes.push(change);
    }
    await this.#run(family, changes);
  }

  async #run(family: Family, changes: readonly RulesChange[]): Promise<void> {
    for (const { script } of changes) {
      await runTool(`${this.#program(family)}-restore`, ['--noflush', '--wait', lockSeconds], script);
    }
  }

  async #plan(
    family: Family,
    wanted: TrafficRules,
    existing: ExistingChains,
  ): Promise<readonly RulesChange[]> {
    const changes: RulesChange[] = [];
    for (const hook of trafficHooks) {
      const { table, base, chain } = placeOf(hook, this.#chainSuffix);
      if (wanted[hook] === undefined && !(await this.#mayHave(family, table, chain, existing))) continue;
      const rules = this.#hasRandomFully ? wanted[hook] : wanted[hook]?.map(withoutRandomPorts);
      const found = await this.#look(family, table, base, chain);
      const change = planChain(hook, found, rules, this.#chainSuffix);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  async #look(family: Family, table: string, base: string, chain: string): Promise<ChainState> {
    const lines = [...(await this.#list(family, table, base)), ...(await this.#list(family, table, chain))];
    return readChain(lines, chain);
  }

  /** The lines of a chain; none if the chain does not exist. */
  async #list(family: Family, table: string, chain: string): Promise<readonly string[]> {
    const args = ['--wait', lockSeconds, '--table', table, '--list-rules', chain];
    try {
      const printed = await runTool(this.#program(family), args);
      return printed.split('\n');
    } catch (error) {
      if (error instanceof ProgramError && isMissingChain(error, chain)) return [];
      throw error;
    }
  }

  /**
   * Whether a chain may exist. The legacy form creates a table in the kernel when it only looks, so it is asked for chains of existing
   * tables only.
   */
  async #mayHave(family: Family, table: string, chain: string, existing: ExistingChains): Promise<boolean> {
    if (this.#backend === 'nf_tables') return existing.mayHave(family, table, chain);
    if (existing === ExistingChains.none) return false;
    const names = family === 4 ? '/proc/net/ip_tables_names' : '/proc/net/ip6_tables_names';
    return (await readFile(names, 'utf8').catch(() => '')).split('\n').includes(table);
  }

  #program(family: Family): string {
    return `${family === 4 ? 'iptables' : 'ip6tables'}${this.#suffix}`;
  }
}

/**
 * Whether a chain is missing. iptables-nft 1.8.9 reports a missing chain as incompatible. A chain that really is incompatible, because
 * somebody added a rule of nft's to it, counts as missing as well: it is emptied when it is filled.
 */
function isMissingChain({ stderr }: ProgramError, chain: string): boolean {
  return (
    /No chain\/target\/match|does not exist/.test(stderr) || stderr.includes(`chain \`${chain}' in table`)
  );
}
