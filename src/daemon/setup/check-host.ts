import type { CniTemplate } from '../../cni/template.ts';
import { InterfaceLookUp } from '../../host/interface/interface.ts';
import { requirePrograms } from '../../host/programs.ts';
import { controlSocketPath } from '../../host/state/instance.ts';
import { prepareStateDirectory } from '../../host/state/state-directory.ts';
import { requireSubnetFile } from '../../host/subnet-file.ts';
import { loadRecipe, type LoadedRecipe } from '../../recipe-files/load-recipe.ts';
import { requireRecipeDirectory } from '../../recipe-files/recipe-directory.ts';
import { loadCniTemplate } from './cni-template.ts';
import type { UpOptions } from './options.ts';

/** A host on which a network can be brought up, as far as the host itself can tell. */
export interface CheckedHost {
  /** The recipe; undefined if the store's network configuration decides. */
  readonly recipe: LoadedRecipe | undefined;
  /** The real path of the state directory. */
  readonly stateDirectory: string;
  readonly interfaces: InterfaceLookUp;
  /** The template of the CNI list; undefined without a list. */
  readonly cniTemplate: CniTemplate | undefined;
}

/**
 * Checks everything that does not need the store: the named recipe, its programs, the subnet file's place, the
 * template of the CNI list, the interface. Then makes the
 * state directory. Throws a Failure at the first fault.
 */
export async function checkHost(options: UpOptions): Promise<CheckedHost> {
  const examined = await examineHost(options);
  return { ...examined, stateDirectory: await prepareStateDirectory(options.stateDirectory) };
}

/** Checks as {@link checkHost} does, but not the state directory, and changes nothing. */
export async function examineHost(options: UpOptions): Promise<Omit<CheckedHost, 'stateDirectory'>> {
  const interfaces = new InterfaceLookUp(options.interface, options.stateDirectory);
  // A named recipe is read first: most mistakes are in it, and they are reported at once.
  const recipe = options.recipe === undefined ? undefined : await loadRecipe(options.recipe);
  if (recipe !== undefined) requirePrograms(recipe.recipe.requires);
  if (options.recipeDirectory !== undefined) await requireRecipeDirectory(options.recipeDirectory);
  // This call throws a Failure if the path is too long.
  controlSocketPath(options.stateDirectory);
  requireSubnetFile(options.subnetFile);
  const cniTemplate = options.cniList && loadCniTemplate(options.cniList.templateFile);
  await interfaces.require();
  return { recipe, interfaces, cniTemplate };
}
