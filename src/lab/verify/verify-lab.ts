import { Failure } from '../../diagnostic/failure.ts';
import { describeFailure, type Lab } from '../inside/lab.ts';
import { parseRecipe } from '../../recipe/read/parse-recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { LabEvent } from '../protocol.ts';
import { PromiseBench } from './bench/bench.ts';
import { lineOfKey } from './bench/recipe-lines.ts';
import type { BrokenPromise, PromiseOutcome } from '../plan/outcome.ts';
import type { PromiseRow } from './promise.ts';
import { promises } from './promises.ts';
import { connects, connectsNobody } from './rows/connects.ts';

/** Tries the promises of a `verify` in a lab whose nodes were not started yet, and reports each. */
export async function verifyLab(lab: Lab, tell: (event: LabEvent) => void): Promise<void> {
  const wanted = promises.filter(({ id }) => lab.spec.promises.includes(id));
  const recipe = readRecipe(lab);
  const report = async (row: PromiseRow, run: () => Promise<PromiseOutcome>): Promise<PromiseOutcome> => {
    const { id } = row;
    tell({ event: 'promise-begun', id });
    const begunAt = performance.now();
    const outcome = missingMeans(recipe, row, lab) ?? (await run());
    tell({ event: 'promise-tried', id, outcome, tookMs: Math.round(performance.now() - begunAt) });
    return outcome;
  };
  let bench: PromiseBench;
  try {
    bench = await PromiseBench.prepare(lab, recipe);
  } catch (error) {
    const broken = brokenBy(lab, recipe, error);
    for (const row of wanted)
      await report(row, () => Promise.resolve(row === wanted[0] ? broken : notTried(broken)));
    tell({ event: 'verified' });
    return;
  }
  // Without connections, nothing else can be tried.
  const connection = await connects.run(bench);
  await bench.end(bench.guest, 'SIGKILL');
  for (const row of wanted) {
    await report(row, async () => {
      if (row === connects) return connection;
      if (connection.kind === 'expected' && !row.needsNoConnection)
        return { kind: 'expected', because: `not tried, because ${connection.because}` };
      if (connection.kind === 'broken') return notTried(connection);
      try {
        return await row.run(bench);
      } catch (error) {
        return brokenBy(lab, recipe, error);
      } finally {
        await bench.end(bench.guest, 'SIGKILL');
      }
    });
  }
  tell({ event: 'verified' });
}

function readRecipe({ spec }: Lab): Recipe {
  const { path, text, name } = spec.recipe;
  const read = parseRecipe({ name: path, text }, name);
  if (read.kind === 'invalid') throw new Error('a recipe that was checked outside is invalid inside');
  return read.value;
}

/** The outcome of a promise that cannot be tried, because something else is broken already. */
function notTried(broken: BrokenPromise): PromiseOutcome {
  return { ...broken, because: 'not tried, because the pods do not reach each other' };
}

/** The outcome of a promise whose means the recipe lacks. */
function missingMeans(recipe: Recipe, { means }: PromiseRow, { spec }: Lab): PromiseOutcome | undefined {
  if (connectsNobody(recipe)) return undefined;
  const missing = means.find(({ command }) => recipe.commands[command] === undefined);
  if (missing === undefined) return undefined;
  const { command, because } = missing;
  return {
    kind: 'broken',
    because: `without ${command}, ${because}`,
    where: lineOfKey('Backend', recipe, spec),
    add: command,
  };
}

/** The outcome of a try that ended with a {@link Failure}. Throws any other error, because it is a defect of the lab. */
function brokenBy({ spec }: Lab, recipe: Recipe, error: unknown): BrokenPromise {
  if (!(error instanceof Failure)) throw error;
  const { message, detail } = describeFailure(error);
  const said = detail === undefined ? '' : `: ${detail.trim().replaceAll(/\s*\n\s*/g, ' ')}`;
  return {
    kind: 'broken',
    because: `${message}${said}`,
    where: lineOfKey('Backend', recipe, spec),
    add: undefined,
  };
}
