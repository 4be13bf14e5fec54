import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { Failure } from '../diagnostic/failure.ts';
import type { SourceText } from '../diagnostic/source.ts';

/** The failure that shows findings about a recipe or a network configuration. */
export function refuseRecipe(source: SourceText, diagnostics: readonly Diagnostic[]): Failure {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  return new Failure('recipe', `${source.name} was refused: ${errors} error${errors === 1 ? '' : 's'}`, {
    diagnostics,
  });
}
