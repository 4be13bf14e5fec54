/** Something that is wrong, for the top of the page. */
export interface PageProblem {
  /** The node, or the place, that it is about; null for the whole. */
  readonly where: string | null;
  /** A sentence without a full stop. */
  readonly what: string;
  /** The commands that show and repair it; null if none is known. */
  readonly look: string | null;
  readonly repair: string | null;
  readonly detail: string | null;
}
