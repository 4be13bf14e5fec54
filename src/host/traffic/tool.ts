import type { Family } from '../../network/cidr.ts';
import type { TrafficHook, TrafficRules } from '../../traffic/rule.ts';
import type { ExistingChains } from './existing-chains.ts';

/** A program that keeps traffic rules in the kernel. Every method throws a `ProgramError` if the program fails. */
export interface TrafficTool {
  /** The name of the tool, equal for two tools that keep the same rules. */
  readonly name: string;
  /** Whether the rules are kept by the kernel's nftables, where `nft monitor` sees them change. */
  readonly isNftables: boolean;
  /** The chain or the table where the rules of a hook are, as a noun. */
  placeOf(hook: TrafficHook, family: Family): string;
  /** The programs that the tool runs for a family. */
  programs(family: Family): readonly string[];
  /** The reason why a wanted chain of a family is not right in the kernel, as a clause; undefined if all are. */
  findTrouble(family: Family, wanted: TrafficRules): Promise<string | undefined>;
  /**
   * Sets the rules of a family to the wanted ones, and removes chains of heddle that are not wanted. Rules that are right stay. A chain
   * changes in one transaction.
   */
  apply(family: Family, wanted: TrafficRules, existing: ExistingChains): Promise<void>;
  /** Removes the rules of a family that flanneld left. */
  removeFlannel(family: Family, existing: ExistingChains): Promise<void>;
}
