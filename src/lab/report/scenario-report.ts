import type { StepKind } from '../plan/scenario/scenario.ts';
import type { NodeReport } from './report.ts';

/** The result of a step. */
export interface StepReport {
  /** From 1. */
  readonly number: number;
  /** The line of the step in the scenario. */
  readonly line: number;
  readonly kind: StepKind;
  readonly text: string;
  /** `skipped`: an earlier step failed. */
  readonly outcome: 'done' | 'failed' | 'skipped';
  /** The result, or the reason of a failure, as a clause; null if there is nothing to say. */
  readonly note: string | null;
  /** The end of the output of a failed command; null without one. */
  readonly detail: string | null;
  readonly tookMs: number;
}

/** The object that `lab run --scenario --json` prints. */
export interface ScenarioReport {
  readonly scenario: string;
  readonly recipe: string;
  readonly passed: boolean;
  /** The time from the start of the first daemon until every node knew every other, in milliseconds; null if never. */
  readonly readyMs: number | null;
  readonly nodes: readonly NodeReport[];
  readonly steps: readonly StepReport[];
  /** The traces on nodes after their daemons stopped: `node1: link flannel.1 mtu 1450`. */
  readonly leftovers: readonly string[];
  /** The traces that a recipe without ShutdownCommand left. It never promised to remove them. */
  readonly kept: readonly string[];
  /** The reasons why the scenario did not pass, one sentence each; empty if it did. */
  readonly reasons: readonly string[];
}
