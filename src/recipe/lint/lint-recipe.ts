import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { Findings } from '../../diagnostic/findings.ts';
import type { Recipe } from '../recipe.ts';
import { readBackendMembers, redactSecrets } from './backend-members.ts';
import { readCommandScripts } from './command-script.ts';
import { checkEncapsulation } from './encapsulation.ts';
import { checkInput } from './input.ts';
import { reportMissingPrograms, type AbsentProgram } from './missing-programs.ts';
import { checkPairs } from './pairs.ts';
import { checkPeerData } from './peer-data.ts';
import { checkRepeatable } from './repeatable.ts';
import { checkSecrets } from './secrets.ts';
import { reportSyntaxErrors, type SyntaxComplaint } from './syntax-errors.ts';
import { checkVariables } from './variables.ts';

/** What only the machine can tell of a recipe. */
export interface Surroundings {
  readonly syntaxComplaints: readonly SyntaxComplaint[];
  readonly missingPrograms: readonly AbsentProgram[];
}

/**
 * Finds what can be found wrong with a recipe's commands by reading them. What is certain to fail, or to let another
 * node's data be run, is an error; the rest are warnings. Careful: rather silent than wrong.
 */
export function lintRecipe(recipe: Recipe, surroundings: Surroundings): readonly Diagnostic[] {
  const findings = new Findings(recipe.source);
  const members = readBackendMembers(recipe);
  const scripts = readCommandScripts(recipe);
  redactSecrets(recipe, members, findings);
  reportSyntaxErrors(recipe.source, surroundings.syntaxComplaints, findings);
  reportMissingPrograms(recipe, members, surroundings.missingPrograms, findings);
  checkVariables(recipe, scripts, findings);
  checkInput(scripts, findings);
  checkRepeatable(scripts, findings);
  checkPairs(recipe, members, findings);
  checkPeerData(recipe, scripts, findings);
  checkSecrets(recipe, scripts, findings);
  checkEncapsulation(recipe, scripts, findings);
  return findings.list();
}
