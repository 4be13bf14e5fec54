import { countErrors, type Diagnostic } from '../diagnostic/diagnostic.ts';
import { Failure } from '../diagnostic/failure.ts';
import type { SourceText } from '../diagnostic/source.ts';
import { formatCount } from '../diagnostic/words.ts';

/** The failure that shows findings about a recipe or a network configuration. */
export function refuseRecipe(source: SourceText, diagnostics: readonly Diagnostic[]): Failure {
  const errors = formatCount(countErrors(diagnostics), 'error');
  return new Failure('recipe', `${source.name} was refused: ${errors}`, {
    diagnostics,
  });
}
