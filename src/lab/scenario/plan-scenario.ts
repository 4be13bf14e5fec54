import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../../diagnostic/failure.ts';
import { requirePrograms } from '../../host/programs.ts';
import type { Json } from '../../recipe/json/json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { checkRecipe, loadRecipe } from '../../recipe-files/load-recipe.ts';
import { mergePatch } from '../plan/scenario/merge-patch.ts';
import type { RecipeChange, Scenario, ScenarioStep } from '../plan/scenario/scenario.ts';
import { linksOf } from '../plan/topology.ts';
import { chooseLinks, requireRoomForIpv6 } from '../plan/underlay/choose-links.ts';
import { kernelNeeds } from '../plan/underlay/impair-commands.ts';
import { changeImpairment, noImpairment } from '../plan/underlay/impairment.ts';
import { ofFamily, planLab, prepareLabOf, requireLinux, type LabRequest } from '../prepare.ts';
import { programPath } from '../process/program-path.ts';
import type { ChangedRecipe, LabSpec } from '../protocol.ts';
import { requireKernel } from '../underlay/require-kernel.ts';
import type { LoadedScenario } from './load-scenario.ts';

/** Reads and checks the recipe, and each recipe that the scenario changes to, and plans the lab. Makes nothing. Throws a {@link Failure}. */
export async function prepareScenario(
  request: LabRequest,
  { file, scenario }: LoadedScenario,
): Promise<LabSpec> {
  requireLinux();
  const loaded = await loadRecipe(request.recipe);
  const spec = await prepareLabOf(loaded.file, loaded.recipe, request);
  await checkImpairments(scenario, spec);
  refuseOwnRecipes(request, scenario);
  const recipes: ChangedRecipe[] = [];
  let present = loaded.recipe;
  for (const step of scenario.steps) {
    if (step.action.kind !== 'change-recipe') continue;
    present = await readChange(step, step.action.change, present, file);
    recipes.push(planChange(step, present, request, spec));
  }
  return {
    ...spec,
    scenario: {
      name: scenario.name,
      steps: scenario.steps,
      recipes,
      backendType: loaded.recipe.backendType,
      leavesNetwork: scenario.lab.onExit === 'leave',
    },
  };
}

/** Refuses limits of links that the kernel or the underlay cannot have. */
async function checkImpairments({ name, steps }: Scenario, { topology }: LabSpec): Promise<void> {
  const links = linksOf(topology);
  const impaired = steps.flatMap(({ action }) => {
    if (action.kind !== 'impair') return [];
    const chosen = chooseLinks(name, links, action.link);
    requireRoomForIpv6(chosen, action.change);
    return chosen.map((link) => ({ ...link, impairment: changeImpairment(noImpairment, action.change) }));
  });
  await requireKernel(kernelNeeds(impaired));
}

/** Refuses a change of the recipe of every node if some nodes have recipes of their own. */
function refuseOwnRecipes({ topology }: LabRequest, { steps }: Scenario): void {
  const change = steps.find(({ action }) => action.kind === 'change-recipe');
  const own = Object.entries(topology?.settings ?? {}).find(([, { recipe }]) => recipe !== undefined);
  if (change === undefined || own === undefined || topology === undefined) return;
  const message = `line ${change.line} of the scenario changes the recipe of every node, but ${own[0]} has a recipe of its own in ${topology.file}`;
  throw new Failure('recipe', message, { hint: 'remove the key Recipe of this node, or the step' });
}

/** Reads the recipe of a change, and checks it as before a start. */
async function readChange(
  { line }: ScenarioStep,
  change: RecipeChange,
  present: Recipe,
  scenarioFile: string,
): Promise<Recipe> {
  switch (change.kind) {
    case 'file': {
      const { file } = change;
      const place = file.endsWith('.json') ? resolve(dirname(scenarioFile), file) : file;
      return (await loadRecipe(place)).recipe;
    }
    case 'merge': {
      const merged = mergePatch(JSON.parse(present.source.text) as Json, change.patch);
      const text = `${JSON.stringify(merged, undefined, 2)}\n`;
      const source = { name: `${present.source.name}, changed by line ${line} of the scenario`, text };
      return (await checkRecipe(source, present.name)).recipe;
    }
  }
}

/** Refuses a recipe that the running lab could not have. */
function planChange(
  { line }: ScenarioStep,
  recipe: Recipe,
  request: LabRequest,
  spec: LabSpec,
): ChangedRecipe {
  requirePrograms(recipe.requires, programPath(process.env['PATH']));
  const variant = ofFamily(recipe, request);
  const { topology, networkDocument, podCidrs } = planLab(variant, request);
  if (!isDeepStrictEqual(topology, spec.topology) || !isDeepStrictEqual(podCidrs, spec.podCidrs)) {
    const message = `the recipe of line ${line} of the scenario needs a lab with other addresses`;
    throw new Failure('recipe', message, { hint: 'choose a network near to that of the first recipe' });
  }
  return { text: variant.source.text, networkDocument };
}
