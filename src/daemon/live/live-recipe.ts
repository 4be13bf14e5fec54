import { renderDetail } from '../../diagnostic/code-frame.ts';
import type { EmitEvent } from '../../event/event.ts';
import type { RenderedRefusal } from '../../event/trouble.ts';
import { explainError } from '../../host/system-error.ts';
import type { UpOptions } from '../setup/options.ts';
import { planChange, type RecipePlan } from './plan-change.ts';
import type { Preparation } from '../setup/prepare.ts';
import { recipePlaceOf, recipePlaceAt } from '../../recipe-files/load-recipe.ts';
import { findRecipeOfType } from '../../recipe-files/recipe-directory.ts';
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
  const { recipeDirectory: directory } = live.options;
  const warn = (message: string): void => live.emit({ event: 'warning', message });
  return RecipeWatch.start({
    file,
    text: recipe.source.text,
    ...(directory !== undefined && { find: findInDirectory(directory, live, warn) }),
    reader: {
      saved: (text, savedFile) => takeSaved(text, savedFile, live),
      unreadable(because) {
        const trouble = directory === undefined ? `${file} cannot be read any more: ${because}` : because;
        warn(`${trouble}; the running recipe stays`);
      },
    },
  });
}

/** Selects the recipe of the running type again: it may be in another file now. Warns once of each file that cannot be read. */
function findInDirectory(directory: string, { owner }: LiveRecipeOptions, warn: (message: string) => void) {
  let told: readonly string[] = owner.preparation.loaded.unread ?? [];
  return async () => {
    const found = await findRecipeOfType(directory, owner.preparation.loaded.recipe.backendType);
    for (const message of found.unread) if (!told.includes(message)) warn(message);
    told = found.unread;
    return found;
  };
}

async function takeSaved(text: string, file: string, live: LiveRecipeOptions): Promise<void> {
  const refuseSaved = ({ because, findings }: RenderedRefusal): void =>
    live.emit({ event: 'recipe-refused', file, revision: recipeRevision(text), because, findings });
  try {
    const refusal = await review(text, file, live);
    if (refusal !== undefined) refuseSaved(refusal);
  } catch (error) {
    // The running network does not depend on the saved text, so no error here may stop it.
    refuseSaved({ because: explainError(error), findings: '' });
  }
}

/** Checks a saved text and changes to it. Returns the reason if it does not. */
async function review(
  text: string,
  file: string,
  { options, owner, emit }: LiveRecipeOptions,
): Promise<RenderedRefusal | undefined> {
  const seenAt = performance.now();
  const { preparation } = owner;
  // The findings go to the log, which has no colour.
  const running = recipePlaceOf(preparation.loaded);
  const place = file === running.file ? running : recipePlaceAt(file);
  const reviewed = await reviewRecipe(place, text);
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
