/** A line of the recipe: what an author has to look at. */
export interface RecipeLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The result of a try of one promise in one lab. */
export type PromiseOutcome =
  /** `note` says what was tried, as a clause. */
  | { readonly kind: 'kept'; readonly note: string }
  /** The promise cannot be kept in this lab, and is not meant to: `because` says why. */
  | { readonly kind: 'expected'; readonly because: string }
  | {
      readonly kind: 'broken';
      /** The reason, as a clause. */
      readonly because: string;
      readonly where: RecipeLine | undefined;
      /** The key to add to the recipe, if it lacks the means for the promise. */
      readonly add: string | undefined;
    };

export type BrokenPromise = Extract<PromiseOutcome, { kind: 'broken' }>;

/** The outcome of a kept promise. */
export function kept(note: string): PromiseOutcome {
  return { kind: 'kept', note };
}
