import { renderDetail } from '../../diagnostic/code-frame.ts';
import type { EmitEvent } from '../../event/event.ts';
import type { RenderedRefusal } from '../../event/trouble.ts';
import { explainError } from '../../host/system-error.ts';
import type { UpOptions } from '../setup/options.ts';
import { planChange, type RecipePlan } from './plan-change.ts';
import type { Preparation } from '../setup/prepare.ts';
import { recipeRevision } from '../../recipe-files/recipe-text.ts';
import { RecipeWatch } from '../../recipe-files/recipe-watch.ts';
import { reviewRecipe } from '../../recipe-files/review-recipe.ts';

/** A saved recipe that is to replace the running one. */
export interface SavedChange extends Extract<RecipePlan, { kind: 'change' }> {
  /** Warnings about the recipe, ready to be shown. */
  readonly findings: string;
  /** The time when the change was seen, on the clock of `performance.now`. */
  readonly seenAt: number;
}

/** The owner of the running recipe. */
export interface RecipeOwner {
  /** The running recipe, with everything that it runs on. */
  readonly preparation: Preparation;
  /** Makes the change. Resolves when another change may be made. */
  change(change: SavedChange): Promise<void>;
}

interface LiveRecipeOptions {
  readonly owner: RecipeOwner;
  readonly options: UpOptions;
  readonly emit: EmitEvent;
}

/** Watches the recipe of a node. A saved recipe is checked first: a bad one is reported, and the running one stays. */
export function watchLiveRecipe(live: LiveRecipeOptions): Promise<RecipeWatch> {
  const { file, recipe } = live.owner.preparation.loaded;
  return RecipeWatch.start({
    file,
    text: recipe.source.text,
    reader: {
      saved: (text) => takeSaved(text, live),
      unreadable(because) {
        const message = `${file} cannot be read any more: ${because}; the running recipe stays`;
        live.emit({ event: 'warning', message });
      },
    },
  });
}

async function takeSaved(text: string, live: LiveRecipeOptions): Promise<void> {
  const { file } = live.owner.preparation.loaded;
  const refuseSaved = ({ because, findings }: RenderedRefusal): void =>
    live.emit({ event: 'recipe-refused', file, revision: recipeRevision(text), because, findings });
  try {
    const refusal = await review(text, live);
    if (refusal !== undefined) refuseSaved(refusal);
  } catch (error) {
    // The running network does not depend on the saved text, so no error here may stop it.
    refuseSaved({ because: explainError(error), findings: '' });
  }
}

/** Checks a saved text and changes to it. Returns the reason if it does not. */
async function review(
  text: string,
  { options, owner, emit }: LiveRecipeOptions,
): Promise<RenderedRefusal | undefined> {
  const seenAt = performance.now();
  const { preparation } = owner;
  // The findings go to the log, which has no colour.
  const reviewed = await reviewRecipe(preparation.loaded, text);
  const findings = renderDetail(reviewed, { colour: false });
  if (reviewed.kind === 'refused') return keepSecrets({ because: reviewed.because, findings }, preparation);
  const { loaded } = reviewed;
  const plan = await planChange(preparation, loaded, options);
  if (plan.kind === 'refused') return { because: plan.because, findings };
  if (plan.overruled !== undefined) emit({ event: 'warning', message: plan.overruled });
  await owner.change({ ...plan, findings, seenAt });
  return undefined;
}

/** Hides the findings of a text that cannot be read, because its secrets are unknown. */
function keepSecrets({ because, findings }: RenderedRefusal, { loaded }: Preparation): RenderedRefusal {
  if (!loaded.recipe.parameters.some(({ secret }) => secret)) return { because, findings };
  return {
    because: `${because}; run heddle recipe check to see them, because they may contain secrets`,
    findings: '',
  };
}
