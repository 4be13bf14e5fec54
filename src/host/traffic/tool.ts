import type { Family } from '../../network/cidr.ts';
import type { TrafficRules } from '../../traffic/rule.ts';
import type { ExistingChains } from './existing-chains.ts';

/** A program that keeps traffic rules in the kernel. Every method throws a `ProgramError` if the program fails. */
export interface TrafficTool {
  /** Equal for two tools that keep the same rules. */
  readonly name: string;
  /** The programs that it runs for a family. */
  programs(family: Family): readonly string[];
  /** Why a wanted chain of a family is not in the kernel as it should be, as a clause; undefined if all are. */
  findTrouble(family: Family, wanted: TrafficRules): Promise<string | undefined>;
  /**
   * Makes the rules of a family the wanted ones, and takes away chains of heddle's that are not wanted. Rules that are as wanted stay; a
   * chain changes in one transaction.
   */
  apply(family: Family, wanted: TrafficRules, existing: ExistingChains): Promise<void>;
  /** Takes away the rules of a family that flanneld left. */
  removeFlannel(family: Family, existing: ExistingChains): Promise<void>;
}
