import type { Findings } from '../../diagnostic/findings.ts';
import { placeInRecipe } from '../command-text.ts';
import type { LocatedProgram, RecipeOutline } from '../outline.ts';
import { findProgramCalls } from '../programs.ts';

/** A program that a recipe needs and that is not on PATH. */
export interface AbsentProgram {
  readonly program: string;
  /** The Debian package that has it, where known. */
  readonly package: string | undefined;
}

/** The programs that a recipe needs, each where `Requires` names it first or, without that, where commands call it first. */
export function findNeeds({ source, commands, requires }: RecipeOutline): readonly LocatedProgram[] {
  if (requires !== undefined) {
    return requires.filter(
      ({ program }, index) => index === requires.findIndex((each) => each.program === program),
    );
  }
  return findProgramCalls(Object.values(commands)).map(({ program, command, span }) => ({
    program,
    span: placeInRecipe(source, command, span),
  }));
}

/** Reports each of a recipe's programs that is missing, once. */
export function reportMissingPrograms(
  outline: RecipeOutline,
  missing: readonly AbsentProgram[],
  findings: Findings,
): void {
  const places = new Map(findNeeds(outline).map(({ program, span }) => [program, span]));
  for (const { program, package: provider } of missing) {
    const at = places.get(program) ?? { offset: 0, length: 0 };
    const hint =
      provider === undefined ? 'install it on the nodes that run the recipe' : `apt-get install ${provider}`;
    findings.warning('missing-program', at, `the program \`${program}\` is not on PATH`, hint);
  }
}
