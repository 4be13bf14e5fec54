import { isDeepStrictEqual } from 'node:util';
import { loadRecipe, recipePlaceOf, type LoadedRecipe } from '../recipe-files/load-recipe.ts';
import { RecipeWatch } from '../recipe-files/recipe-watch.ts';
import { refuse, reviewRecipe } from '../recipe-files/review-recipe.ts';
import { renderDetail } from '../diagnostic/code-frame.ts';
import { Failure } from '../diagnostic/failure.ts';
import type { RenderedRefusal } from '../event/trouble.ts';
import { usesColour } from '../host/terminal-colour.ts';
import { authorReport, type AuthorReport } from './report/author-report.ts';
import { describeNodeWait } from './report/progress.ts';
import type { TetheredLab } from './process/enter.ts';
import { claimName } from './process/name-lock.ts';
import { ofFamily, planLab, type LabRequest } from './prepare.ts';
import { programPath } from './process/program-path.ts';
import type { LabEvent, LabSpec, MatrixEvent } from './protocol.ts';
import { startLab, unexpected } from './run.ts';
import { removeFailed } from './up.ts';

/** `lab up --watch`: makes a lab whose nodes run each saved recipe, until this process is told to end. */
export async function watchLab(request: LabRequest, json: boolean): Promise<void> {
  await claimName(request.name);
  const colour = !json && usesColour(process.stdout);
  const loaded = await loadRecipe(request.recipe);
  const report = authorReport(request.recipe, json, { colour });
  const orders = new Orders(report);
  let stands = false;
  const { tethered, spec, final } = await startLab(request, {
    onEvent: (event) => {
      if (event.event === 'matrix') orders.answer(event);
      else if (event.event === 'failure') orders.fail(event);
      else if (event.event === 'node-waits' && stands)
        process.stderr.write(`lab: ${describeNodeWait(event)}\n`);
    },
  });
  if (final.event !== 'up') throw unexpected();
  if (final.troubles.length > 0) throw await removeFailed(request, tethered, final.troubles);
  stands = true;
  const over = Promise.race([interrupted(), tethered.endedEarly()]);
  const early = await Promise.race([orders.begun, over.then((end) => ({ end }))]);
  if (early !== undefined) return finish(early.end, request.name, tethered, report);
  const author = { request, spec, loaded, tethered, orders, report, colour };
  const watch = await RecipeWatch.start({
    file: loaded.file,
    text: loaded.recipe.source.text,
    reader: {
      saved: (text) => takeSaved(text, author),
      unreadable: (because) => void process.stdout.write(report.refused({ because, findings: '' })),
    },
  });
  process.stdout.write(report.watching(loaded.file));
  const end = await over;
  // The report of a save that is under way will not come.
  void watch.close();
  await finish(end, request.name, tethered, report);
}

/** Ends the lab, and reports that. Throws the reason if the lab had ended by itself before. */
async function finish(
  end: Failure | undefined,
  name: string,
  tethered: TetheredLab,
  report: AuthorReport,
): Promise<void> {
  await tethered.end();
  if (end !== undefined) throw end;
  process.stdout.write(report.ended(name));
}

interface Author {
  readonly request: LabRequest;
  readonly spec: LabSpec;
  readonly loaded: LoadedRecipe;
  readonly tethered: TetheredLab;
  readonly orders: Orders;
  readonly report: AuthorReport;
  readonly colour: boolean;
}

async function takeSaved(text: string, author: Author): Promise<void> {
  const { tethered, orders, report } = author;
  const seenAt = performance.now();
  const saved = await readSaved(text, author);
  if (saved.kind === 'refused') {
    process.stdout.write(report.refused(saved));
    return;
  }
  const { networkDocument, findings } = saved;
  tethered.order({ id: orders.add({ seenAt, findings }), text: saved.text, networkDocument });
}

/** The result of reading a saved text. `text` has the families that the lab was asked for. `findings` are ready to be shown. */
type SavedText =
  | ({ readonly kind: 'refused' } & RenderedRefusal)
  | {
      readonly kind: 'good';
      readonly text: string;
      readonly networkDocument: string;
      readonly findings: string;
    };

/** Checks a saved text, and plans the lab's order for it. */
async function readSaved(text: string, { request, spec, loaded, colour }: Author): Promise<SavedText> {
  const review = await reviewRecipe(recipePlaceOf(loaded), text, programPath(process.env['PATH']));
  const findings = renderDetail(review, { colour });
  if (review.kind === 'refused') return { kind: 'refused', because: review.because, findings };
  try {
    const recipe = ofFamily(review.loaded.recipe, request);
    const { topology, networkDocument, podCidrs } = planLab(recipe, {
      ...request,
      parameters: spec.parameters,
    });
    if (!isDeepStrictEqual(topology, spec.topology)) {
      throw new Failure('recipe', 'its network overlaps the underlay of this lab', {
        hint: 'end the lab and start it again',
      });
    }
    if (!isDeepStrictEqual(podCidrs, spec.podCidrs)) {
      throw new Failure('recipe', 'its network needs other podCIDRs, and those of a Node cannot be changed', {
        hint: 'end the lab and start it again',
      });
    }
    return { kind: 'good', text: recipe.source.text, networkDocument, findings };
  } catch (error) {
    return { kind: 'refused', because: refuse(error).because, findings };
  }
}

interface Order {
  readonly seenAt: number;
  /** The warnings about the text. */
  readonly findings: string;
}

/** The recipes that the lab received. It answers each with a matrix, unless a newer one was faster. */
class Orders {
  readonly #report: AuthorReport;
  readonly #given: Order[] = [];
  /** Resolves after the first probe of the lab. */
  readonly begun: Promise<void>;
  #begin: () => void = () => undefined;

  constructor(report: AuthorReport) {
    this.#report = report;
    this.begun = new Promise((resolve) => (this.#begin = resolve));
  }

  /** Adds an order. Returns its number, from 1. */
  add(order: Order): number {
    return this.#given.push(order);
  }

  /** Handles a failure inside the lab that is not due to the recipe. Before the lab is ready, the failure ends it. */
  fail({ message, detail = '' }: Extract<LabEvent, { event: 'failure' }>): void {
    if (this.#given.length > 0)
      process.stdout.write(this.#report.refused({ because: message, findings: detail }));
  }

  answer(matrix: MatrixEvent): void {
    const order = this.#given[matrix.id - 1];
    if (order === undefined) {
      process.stdout.write(this.#report.begun(matrix));
      this.#begin();
      return;
    }
    const tookMs = Math.round(performance.now() - order.seenAt);
    process.stdout.write(this.#report.saved(matrix, tookMs, order.findings));
  }
}

/** Resolves when this process is told to end. */
function interrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve(undefined));
  });
}
