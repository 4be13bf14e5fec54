import type { Findings } from '../../diagnostic/findings.ts';
import type { RecipeOutline } from '../outline.ts';
import { readCommandScripts } from './command-script.ts';
import { checkEncapsulation } from './encapsulation.ts';
import { checkInput } from './input.ts';
import { reportMissingPrograms, type AbsentProgram } from './missing-programs.ts';
import { checkPairs } from './pairs.ts';
import { checkPeerData } from './peer-data.ts';
import { checkPortability } from './portability.ts';
import { checkProcesses } from './processes.ts';
import { checkRepeatable } from './repeatable.ts';
import { checkSecrets } from './secrets.ts';
import { reportSyntaxErrors, type SyntaxComplaint } from './syntax-errors.ts';
import { checkVariables } from './variables.ts';

/** The facts about a recipe that only the machine knows. */
export interface Surroundings {
  readonly syntaxComplaints: readonly SyntaxComplaint[];
  readonly missingPrograms: readonly AbsentProgram[];
}

/**
 * Finds what can be found wrong with a recipe's commands by reading them. What is certain to fail, or to let another
 * node's data be run, is an error; the rest are warnings. Careful: rather silent than wrong.
 *
 * @param findings those of reading the recipe, which these are added to
 */
export function lintRecipe(outline: RecipeOutline, surroundings: Surroundings, findings: Findings): void {
  const scripts = readCommandScripts(outline);
  reportSyntaxErrors(outline.source, surroundings.syntaxComplaints, findings);
  reportMissingPrograms(outline, surroundings.missingPrograms, findings);
  checkVariables(outline, scripts, findings);
  checkInput(scripts, findings);
  checkPortability(scripts, findings);
  checkRepeatable(outline, scripts, findings);
  checkPairs(outline, findings);
  checkPeerData(outline, scripts, findings);
  checkSecrets(outline, scripts, findings);
  checkProcesses(outline, scripts, findings);
  checkEncapsulation(outline, scripts, findings);
}
