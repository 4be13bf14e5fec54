import type { EmitEvent } from '../event/event.ts';
import type { UpOptions } from './options.ts';
import { planChange, type RecipePlan } from './plan-change.ts';
import type { Preparation } from './prepare.ts';
import { revisionOf } from './recipe-text.ts';
import { RecipeWatch } from './recipe-watch.ts';
import { refuse, reviewRecipe } from './review-recipe.ts';

/** A saved recipe that is to be run in place of the one that runs. */
export interface RecipeChange extends Extract<RecipePlan, { kind: 'change' }> {
  /** Warnings about the recipe, ready to be shown. */
  readonly findings: string;
  /** When it was seen, as `performance.now` counts. */
  readonly seenAt: number;
}

export interface LiveRecipeOptions {
  readonly options: UpOptions;
  /** What runs. */
  readonly current: () => Preparation;
  /** Changes what runs; resolves when another change may be made. */
  readonly change: (change: RecipeChange) => Promise<void>;
  readonly emit: EmitEvent;
}

/** Watches the recipe that a node runs. What is saved is checked first: a bad one is reported, and the running one stays. */
export function watchLiveRecipe(live: LiveRecipeOptions): Promise<RecipeWatch> {
  const { loaded } = live.current();
  const { file } = loaded;
  return RecipeWatch.start({
    file,
    text: loaded.recipe.source.text,
    onSaved: (text) => takeSaved(text, live),
    onUnreadable: (because) =>
      live.emit({
        event: 'warning',
        message: `${file} cannot be read any more: ${because}; the recipe that runs stays`,
      }),
  });
}

async function takeSaved(text: string, { options, current, change, emit }: LiveRecipeOptions): Promise<void> {
  const seenAt = performance.now();
  const preparation = current();
  const { file } = preparation.loaded;
  const revision = revisionOf(text);
  // What is shown goes through the log, which has no colour.
  const review = await reviewRecipe(preparation.loaded, text, false);
  if (review.kind === 'refused') {
    emit({ event: 'recipe-refused', file, revision, because: review.because, findings: review.findings });
    return;
  }
  const { findings } = review;
  const plan = await planChange(preparation, review.loaded, options);
  if (plan.kind === 'refused') {
    emit({ event: 'recipe-refused', file, revision, because: plan.because, findings });
    return;
  }
  if (plan.overruled !== undefined) emit({ event: 'warning', message: plan.overruled });
  try {
    await change({ ...plan, findings, seenAt });
  } catch (error) {
    emit({ event: 'recipe-refused', file, revision, findings, because: refuse(error).because });
  }
}
