import type { CommandName } from '../../recipe/recipe.ts';
import type { PromiseOutcome } from '../plan/outcome.ts';
import type { PromiseBench } from './bench/bench.ts';

/** Something that a recipe lacks for a promise. */
interface Means {
  readonly command: CommandName;
  /** The reason why the promise needs the command, as a clause. */
  readonly because: string;
}

/** A promise of a recipe to the operator, and the way to try it. */
export interface PromiseRow {
  readonly id: string;
  /** The promise, as a sentence without a full stop. */
  readonly sentence: string;
  /** The commands that the recipe must have. */
  readonly means: readonly Means[];
  /** Whether the promise holds even where the pods are not meant to reach each other. */
  readonly needsNoConnection?: true;
  run(bench: PromiseBench): Promise<PromiseOutcome>;
}
