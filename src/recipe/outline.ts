import type { SourceText, Span } from '../diagnostic/source.ts';
import type { Command, CommandName } from './recipe.ts';

/**
 * The parts of a recipe that could be understood, even if its document has errors: its commands, and the declarations
 * they rely on. The commands of a refused recipe are checked with it. A finding that may only follow from a part that
 * could not be read is omitted.
 */
export interface RecipeOutline {
  readonly source: SourceText;
  /** The commands that could be read. */
  readonly commands: Readonly<Partial<Record<CommandName, Command>>>;
  /** The keys of all commands that the recipe has, readable or not. */
  readonly commandKeys: Readonly<Partial<Record<CommandName, Span>>>;
  readonly parameters: PartialList<ParameterOutline>;
  /** The variables of the fields of backend data, without `DATA_`. */
  readonly fields: PartialList<string>;
  /** The variables of the daemon that `Environment` names. */
  readonly environment: readonly string[];
  /** Whether the recipe has `Overhead`, readable or not. */
  readonly saysOverhead: boolean;
  /** The programs that `Requires` names, those that could be read; undefined if the recipe does not have it. */
  readonly requires: readonly LocatedProgram[] | undefined;
}

/** A list of which items may be missing because they could not be read. */
export interface PartialList<T> {
  readonly items: readonly T[];
  readonly isComplete: boolean;
}

export interface ParameterOutline {
  readonly variable: string;
  readonly isSecret: boolean;
}

export interface LocatedProgram {
  readonly program: string;
  readonly span: Span;
}
