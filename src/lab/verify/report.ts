import type { FamilyChoice, TopologyKind } from '../plan/request.ts';
import type { PromiseOutcome, RecipeLine } from '../plan/outcome.ts';

/** The try of a promise in one lab. */
export interface TryReport {
  readonly underlay: TopologyKind;
  readonly families: FamilyChoice;
  /** `kept`; `expected`: not kept, and not meant to be kept there; `broken`. */
  readonly outcome: PromiseOutcome['kind'];
  /** A clause about the try, or the reason why the promise is not kept. */
  readonly note: string;
  /** The line of the recipe that the author has to look at; null unless broken. */
  readonly where: RecipeLine | null;
  /** The key to add to the recipe, because the recipe lacks the means for the promise; null otherwise. */
  readonly add: string | null;
  readonly tookMs: number;
}

/** A row of the table. */
export interface PromiseReport {
  readonly id: string;
  readonly promise: string;
  /** Whether no try broke the promise. */
  readonly kept: boolean;
  readonly tries: readonly TryReport[];
}

/** The object that `lab verify --json` prints. */
export interface VerifyReport {
  readonly recipe: string;
  /** Whether every promise is kept. */
  readonly passed: boolean;
  /** The families that the recipe has, each verified on its own. */
  readonly families: readonly FamilyChoice[];
  readonly underlays: readonly TopologyKind[];
  readonly promises: readonly PromiseReport[];
  readonly tookMs: number;
}

/** The report of a try. */
export function reportTry(
  lab: Pick<TryReport, 'underlay' | 'families'>,
  outcome: PromiseOutcome,
  tookMs: number,
): TryReport {
  const { underlay, families } = lab;
  const common = { underlay, families, outcome: outcome.kind, tookMs };
  switch (outcome.kind) {
    case 'kept':
      return { ...common, note: outcome.note, where: null, add: null };
    case 'expected':
      return { ...common, note: outcome.because, where: null, add: null };
    case 'broken':
      return { ...common, note: outcome.because, where: outcome.where ?? null, add: outcome.add ?? null };
  }
}
