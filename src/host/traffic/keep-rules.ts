import { Failure } from '../../diagnostic/failure.ts';
import type { Family } from '../../network/cidr.ts';
import { familyKey, type PerFamily } from '../../network/per-family.ts';
import { noRules, trafficHooks, type ChainSuffix, type TrafficRules } from '../../traffic/rule.ts';
import { findMissingPrograms } from '../programs.ts';
import { ProgramError } from '../run-program.ts';
import { explainError } from '../system-error.ts';
import { ExistingChains } from './existing-chains.ts';
import { isFlanneldHere } from './flanneld-process.ts';
import { Iptables } from './iptables.ts';
import { Nftables } from './nft.ts';
import type { TrafficTool } from './tool.ts';

const allFamilies: readonly Family[] = [4, 6];

/** The rules of a network. A family that the network does not have has no rules. */
export interface NetworkRules {
  readonly rules: PerFamily<TrafficRules>;
  /** Whether the network configuration asks for nftables. */
  readonly enableNftables: boolean;
  readonly chainSuffix: ChainSuffix;
}

/** Called with a sentence about rules that could not be removed. */
type Warn = (message: string) => void;

/**
 * Sets the kernel's rules to those of a network. Then removes the rules that heddle left with other tools or in other families, and the
 * rules that flanneld left if none runs in this network namespace. Throws a {@link Failure} of kind `prerequisite` if a program is missing,
 * a `ProgramError` if one fails.
 */
export async function setRules(network: NetworkRules, warn: Warn): Promise<void> {
  const [tool, existing] = await Promise.all([chooseTool(network), ExistingChains.read()]);
  for (const family of allFamilies) {
    const rules = network.rules[familyKey(family)];
    if (tool !== undefined && rules !== undefined) await tool.apply(family, rules, existing);
  }
  // Without privileges, an earlier run did not set rules either.
  const report: Warn = tool === undefined && process.geteuid?.() !== 0 ? () => undefined : warn;
  const cleaner = new Cleaner(await installedTools(tool, network.chainSuffix), existing, report);
  await cleaner.removeOwn((other, family) => {
    return other.name !== tool?.name || network.rules[familyKey(family)] === undefined;
  });
  if (!(await isFlanneldHere())) await cleaner.removeFlannel();
}

/** The rules that {@link setRules} would set, for people. */
type RulesPlan =
  | { readonly kind: 'none' }
  /** `places` are the chains or tables, as nouns. */
  | { readonly kind: 'rules'; readonly tool: string; readonly places: readonly string[] }
  /** `because` is a sentence about the programs that are missing. */
  | { readonly kind: 'impossible'; readonly because: string };

/** Finds out which rules {@link setRules} would set. Changes nothing. */
export async function planRules(network: NetworkRules): Promise<RulesPlan> {
  try {
    const tool = await chooseTool(network);
    if (tool === undefined) return { kind: 'none' };
    const places = allFamilies.flatMap((family) => {
      const rules = network.rules[familyKey(family)];
      const hooks = trafficHooks.filter((hook) => rules?.[hook] !== undefined);
      return hooks.map((hook) => tool.placeOf(hook, family));
    });
    return { kind: 'rules', tool: tool.name, places: [...new Set(places)] };
  } catch (error) {
    return { kind: 'impossible', because: explainError(error) };
  }
}

/** The difference between the kernel's rules and those of a network; undefined if there is none. Throws as {@link setRules} does. */
export async function findRulesTrouble(network: NetworkRules): Promise<string | undefined> {
  const tool = await chooseTool(network);
  for (const family of allFamilies) {
    const rules = network.rules[familyKey(family)];
    if (tool === undefined || rules === undefined) continue;
    const trouble = await tool.findTrouble(family, rules);
    if (trouble !== undefined) return `${trouble} (${tool.name}, IPv${family})`;
  }
  return undefined;
}

/** Whether `nft monitor` prints a line for each change of the rules of a network. It does not for rules of the legacy iptables. */
export async function isSeenByNftMonitor(network: NetworkRules): Promise<boolean> {
  if (findMissingPrograms(['nft']).length > 0) return false;
  const tool = await chooseTool(network).catch(() => undefined);
  return tool?.isNftables === true;
}

/** Removes all rules of heddle with this suffix, of every tool. */
export async function removeRules(chainSuffix: ChainSuffix, warn: Warn): Promise<void> {
  const tools = await installedTools(undefined, chainSuffix);
  const cleaner = new Cleaner(tools, await ExistingChains.read(), warn);
  await cleaner.removeOwn(() => true);
}

/** The tool for a network; undefined if it needs none. Throws as {@link setRules} does. */
async function chooseTool({
  rules,
  enableNftables,
  chainSuffix,
}: NetworkRules): Promise<TrafficTool | undefined> {
  const families = allFamilies.filter((family) => {
    const wanted = rules[familyKey(family)];
    return wanted !== undefined && trafficHooks.some((hook) => wanted[hook] !== undefined);
  });
  if (families.length === 0) return undefined;
  const iptables = families.map((family) => (family === 4 ? 'iptables' : 'ip6tables'));
  const hasIptables = findMissingPrograms(iptables).length === 0;
  if (!enableNftables && hasIptables) return Iptables.chosen(chainSuffix);
  if (findMissingPrograms(['nft']).length === 0) return new Nftables(chainSuffix);
  const why = enableNftables
    ? 'the network configuration has EnableNFTables, and the program nft is not on PATH'
    : `the programs ${iptables.join(', ')} are not on PATH, nor is nft`;
  throw new Failure('prerequisite', `the rules for masquerading and forwarding are missing: ${why}`, {
    hint: `apt-get install ${enableNftables ? 'nftables' : 'iptables'}`,
  });
}

/** Every tool on this machine. The chosen one keeps the name by which it is called. */
async function installedTools(
  chosen: TrafficTool | undefined,
  chainSuffix: ChainSuffix,
): Promise<readonly TrafficTool[]> {
  const backends = [Iptables.of('nf_tables', chainSuffix), Iptables.of('legacy', chainSuffix)];
  // Some machines do not have the backends under their own names.
  const usual = backends.some((tool) => isInstalled(tool, 4))
    ? []
    : [await Iptables.chosen(chainSuffix).catch(() => undefined)];
  const tools = [chosen, ...usual, ...backends, new Nftables(chainSuffix)].filter(
    (tool) => tool !== undefined,
  );
  return tools.filter((tool, index) => tools.findIndex(({ name }) => name === tool.name) === index);
}

function isInstalled(tool: TrafficTool, family: Family): boolean {
  return findMissingPrograms(tool.programs(family)).length === 0;
}

/** Removes rules with each installed tool. If one fails, the others still run. */
class Cleaner {
  readonly #tools: readonly TrafficTool[];
  readonly #existing: ExistingChains;
  readonly #warn: Warn;

  constructor(tools: readonly TrafficTool[], existing: ExistingChains, warn: Warn) {
    this.#tools = tools;
    this.#existing = existing;
    this.#warn = warn;
  }

  /** Removes heddle's rules for each tool and family for which `isMeant` is true. */
  async removeOwn(isMeant: (tool: TrafficTool, family: Family) => boolean): Promise<void> {
    await this.#each('heddle', async (tool, family) => {
      if (isMeant(tool, family)) await tool.apply(family, noRules, this.#existing);
    });
  }

  async removeFlannel(): Promise<void> {
    await this.#each('flanneld', (tool, family) => tool.removeFlannel(family, this.#existing));
  }

  async #each(owner: string, remove: (tool: TrafficTool, family: Family) => Promise<void>): Promise<void> {
    for (const tool of this.#tools) {
      for (const family of allFamilies) {
        if (!isInstalled(tool, family)) continue;
        try {
          await remove(tool, family);
        } catch (error) {
          if (isWithoutFamily(error)) continue;
          this.#warn(
            `rules of ${owner} may be left in ${tool.name} for IPv${family}: ${explainError(error)}`,
          );
        }
      }
    }
  }
}

/** Whether a tool failed because the kernel does not have the family, so that it has no rules of that family either. */
function isWithoutFamily(error: unknown): boolean {
  return error instanceof ProgramError && error.stderr.includes('Address family not supported by protocol');
}
