import { basename } from 'node:path';
import { explainCompiling, type CommandCompiling } from '../../explain/explain-compiling.ts';
import { parseRecipe } from '../../recipe/read/parse-recipe.ts';
import { examineRecipe } from '../../recipe-files/examine-recipe.ts';
import { recipeFile } from '../../recipe-files/load-recipe.ts';
import { readRecipeText } from '../../recipe-files/recipe-text.ts';
import { renderDiagnostics } from '../../diagnostic/code-frame.ts';
import { countErrors, type Diagnostic } from '../../diagnostic/diagnostic.ts';
import { exitCodes, Failure } from '../../diagnostic/failure.ts';
import { positionAt } from '../../diagnostic/source.ts';
import { formatCount } from '../../diagnostic/words.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import { explainError } from '../../host/system-error.ts';

interface RecipeFindings {
  readonly file: string;
  /** Empty for a recipe with an error. */
  readonly compiling: readonly CommandCompiling[];
  readonly findings: readonly Diagnostic[];
}

/** Checks recipes and prints every finding; sets the exit code if there is an error among them. */
export async function checkRecipes(names: readonly string[], json: boolean): Promise<void> {
  const sources = await readSources(names);
  const examined: RecipeFindings[] = [];
  for (const { source, name } of sources) {
    const findings = await examineRecipe(source, name);
    const parsed = countErrors(findings) === 0 ? parseRecipe(source, name) : undefined;
    const compiling = parsed?.kind === 'valid' ? explainCompiling(parsed.value) : [];
    examined.push({ file: source.name, findings, compiling });
  }
  const colour = usesColour(process.stdout);
  process.stdout.write(json ? `${JSON.stringify(describeAll(examined))}\n` : renderAll(examined, colour));
  if (examined.some(({ findings }) => countErrors(findings) > 0)) process.exitCode = exitCodes.recipe;
}

/** Reads all files before any is checked. Throws a Failure that names each which cannot be read. */
async function readSources(names: readonly string[]) {
  const problems: string[] = [];
  // A glob may match the schema that lies next to recipes.
  const files = names.filter((name) => !name.endsWith('.schema.json'));
  const sources = [];
  for (const given of files) {
    // For an editor with unsaved text.
    const name = given === '-' ? '<stdin>' : given;
    const file = recipeFile(given);
    try {
      const text = await readRecipeText(given === '-' ? process.stdin : file);
      sources.push({ source: { name, text }, name: basename(file, '.json') });
    } catch (error) {
      problems.push(`${name === '' ? '""' : name} cannot be read: ${explainError(error)}`);
    }
  }
  const [first] = problems;
  if (first !== undefined && problems.length === 1) throw new Failure('recipe', first, { hint: pathHint });
  if (first !== undefined) {
    const detail = problems.map((problem) => `  ${problem}`).join('\n');
    throw new Failure('recipe', `${problems.length} recipes cannot be read`, { detail, hint: pathHint });
  }
  if (sources.length === 0)
    throw new Failure('usage', 'only schemas were given, not a recipe', {
      hint: 'give a recipe: heddle recipe check RECIPE',
    });
  return sources;
}

const pathHint = 'give paths of recipes, or names from heddle recipe list';

function renderAll(examined: readonly RecipeFindings[], colour: boolean): string {
  const frames = examined.flatMap(({ findings }) =>
    findings.length === 0 ? [] : [`${renderDiagnostics(findings, { colour })}\n\n`],
  );
  const summaries = examined.map(
    ({ file, findings, compiling }) =>
      `${file}: ${summarise(findings)}\n${compiling.map((each) => `  ${describeCompiling(each)}\n`).join('')}`,
  );
  return frames.join('') + summaries.join('');
}

function describeCompiling(compiling: CommandCompiling): string {
  const { command } = compiling;
  if (compiling.kind === 'compiles') return `${command} compiles`;
  return `${command} does not compile: line ${compiling.line}: ${compiling.because}`;
}

function summarise(findings: readonly Diagnostic[]): string {
  if (findings.length === 0) return 'no findings';
  const errors = countErrors(findings);
  const warnings = findings.length - errors;
  const parts = [
    errors === 0 ? [] : formatCount(errors, 'error'),
    warnings === 0 ? [] : formatCount(warnings, 'warning'),
  ];
  return parts.flat().join(', ');
}

/** The output of `recipe check --json`. */
export interface CheckReport {
  readonly errors: number;
  readonly warnings: number;
  readonly recipes: readonly RecipeReport[];
}

interface RecipeReport {
  readonly file: string;
  readonly findings: readonly FindingReport[];
  readonly compiling: readonly CommandCompiling[];
}

/** A finding, with its place in lines and columns from 1; the end is the place after the last character. */
interface FindingReport {
  readonly severity: Diagnostic['severity'];
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

function describeAll(examined: readonly RecipeFindings[]): CheckReport {
  const findings = examined.flatMap((each) => each.findings);
  const errors = countErrors(findings);
  return {
    errors,
    warnings: findings.length - errors,
    recipes: examined.map((each) => ({ ...each, findings: each.findings.map(describeFinding) })),
  };
}

function describeFinding({ severity, code, message, hint, source, span }: Diagnostic): FindingReport {
  const start = positionAt(source.text, span.offset);
  const end = positionAt(source.text, span.offset + span.length);
  return {
    severity,
    code,
    message,
    hint: hint ?? null,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
  };
}
