import { isDeepStrictEqual } from 'node:util';
import { loadRecipe, type LoadedRecipe } from '../daemon/load-recipe.ts';
import { RecipeWatch } from '../daemon/recipe-watch.ts';
import { refuse, reviewRecipe, type RecipeReview } from '../daemon/review-recipe.ts';
import { Failure } from '../diagnostic/failure.ts';
import { authorReport, type AuthorReport } from './author-report.ts';
import type { TetheredLab } from './enter.ts';
import { claimName } from './name-lock.ts';
import { planLab, type LabRequest } from './prepare.ts';
import { programPath } from './program-path.ts';
import type { LabEvent, LabSpec, RecipeOrder } from './protocol.ts';
import { startLab, unexpected } from './run.ts';
import { removeFailed } from './up.ts';

type Matrix = Extract<LabEvent, { event: 'matrix' }>;

/** `lab up --watch`: makes a lab whose nodes run whatever is saved, until this process is told to end. */
export async function watchLab(request: LabRequest, json: boolean): Promise<void> {
  await claimName(request.name);
  const colour = !json && process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  const loaded = await loadRecipe(request.recipe, colour);
  const matrices = new Matrices();
  const { tethered, spec, final } = await startLab(request, colour, (event) => {
    if (event.event === 'matrix') matrices.put(event);
  });
  if (final.event !== 'up') throw unexpected();
  if (final.troubles.length > 0) throw await removeFailed(request, tethered, final.troubles, colour);
  const report = authorReport(request.recipe, json, { colour });
  process.stdout.write(report.begun(await matrices.next()));
  const author = { request, spec, loaded, tethered, matrices, report, colour };
  const watch = await RecipeWatch.start({
    file: loaded.file,
    text: spec.recipe.text,
    onSaved: (text) => takeSaved(text, author),
    onUnreadable: (because) => void process.stdout.write(report.refused({ because, findings: '' })),
  });
  process.stdout.write(report.watching());
  const end = await Promise.race([interrupted(), tethered.endedEarly()]);
  await tethered.end();
  if (end instanceof Failure && end.detail !== '') throw end;
  process.stdout.write(report.ended(request.name));
  // A save that was being dealt with is never answered now.
  void watch.close();
  process.exit();
}

interface Author {
  readonly request: LabRequest;
  readonly spec: LabSpec;
  readonly loaded: LoadedRecipe;
  readonly tethered: TetheredLab;
  readonly matrices: Matrices;
  readonly report: AuthorReport;
  readonly colour: boolean;
}

async function takeSaved(text: string, author: Author): Promise<void> {
  const { tethered, matrices, report } = author;
  const seenAt = performance.now();
  const saved = await readSaved(text, author);
  if (saved.kind === 'refused') {
    process.stdout.write(report.refused(saved));
    return;
  }
  tethered.order(saved.order);
  const matrix = await matrices.next();
  const tookMs = Math.round(performance.now() - seenAt);
  process.stdout.write(report.saved(matrix, tookMs, saved.findings));
}

type Saved =
  | Extract<RecipeReview, { kind: 'refused' }>
  | { readonly kind: 'good'; readonly order: RecipeOrder; readonly findings: string };

/** Checks a text, and plans what the lab is to do with it. */
async function readSaved(text: string, { request, spec, loaded, colour }: Author): Promise<Saved> {
  const review = await reviewRecipe(loaded, text, colour, programPath(process.env['PATH']));
  if (review.kind === 'refused') return review;
  try {
    const { topology, networkDocument } = planLab(review.loaded.recipe, request, colour);
    if (!isDeepStrictEqual(topology, spec.topology)) {
      throw new Failure('recipe', 'its network overlaps the underlay of this lab', {
        hint: 'end the lab and start it again',
      });
    }
    return { kind: 'good', order: { text, networkDocument }, findings: review.findings };
  } catch (error) {
    return { ...refuse(error), findings: review.findings };
  }
}

/** The matrices that the lab told, in turn. */
class Matrices {
  readonly #told: Matrix[] = [];
  #wake: () => void = () => undefined;

  put(matrix: Matrix): void {
    this.#told.push(matrix);
    this.#wake();
  }

  async next(): Promise<Matrix> {
    for (;;) {
      const matrix = this.#told.shift();
      if (matrix !== undefined) return matrix;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Resolves when this process is told to end. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
