import type { Findings } from '../../diagnostic/findings.ts';
import type { Span } from '../../diagnostic/source.ts';
import type { JsonMember } from '../json/json-tree.ts';
import { placeInRecipe } from '../command-text.ts';
import { findProgramCalls } from '../programs.ts';
import type { Recipe } from '../recipe.ts';

/** A program that a recipe needs and that is not on PATH. */
export interface AbsentProgram {
  readonly program: string;
  /** The Debian package that has it, where known. */
  readonly package: string | undefined;
}

/** Reports each missing program where `Requires` names it, or where it is called first. */
export function reportMissingPrograms(
  recipe: Recipe,
  members: readonly JsonMember[],
  missing: readonly AbsentProgram[],
  findings: Findings,
): void {
  const places = new Map([...placesOfCalls(recipe), ...placesInRequires(members)]);
  for (const { program, package: provider } of missing) {
    const at = places.get(program) ?? { offset: 0, length: 0 };
    const hint =
      provider === undefined ? 'install it where the recipe is to run' : `apt-get install ${provider}`;
    findings.warning('missing-program', at, `the program \`${program}\` is not on PATH`, hint);
  }
}

function placesOfCalls({ commands, source }: Recipe): [string, Span][] {
  const calls = findProgramCalls(Object.values(commands));
  return calls.map(({ program, command, span }) => [program, placeInRecipe(source, command, span)]);
}

function placesInRequires(members: readonly JsonMember[]): [string, Span][] {
  const requires = members.find(({ key }) => key === 'Requires')?.value;
  if (requires?.kind !== 'array') return [];
  return requires.items.flatMap((item): [string, Span][] =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [[item.value, item.span]] : [],
  );
}
