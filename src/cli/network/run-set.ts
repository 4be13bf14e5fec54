import { checkRecipe, loadRecipe } from '../../recipe-files/load-recipe.ts';
import { refuseRecipe } from '../../recipe-files/refuse-recipe.ts';
import { findNamedRecipe } from '../../recipe-files/catalogue.ts';
import { decideNetwork } from '../../recipe-files/decide-network.ts';
import { readRecipeText } from '../../recipe-files/recipe-text.ts';
import { renderDiagnostics } from '../../diagnostic/code-frame.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import { explainError } from '../../host/system-error.ts';
import { describeNetwork } from '../../network/configuration-text.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { parseNetworkDocument } from '../../recipe/read/network-document.ts';
import type { StoredNetwork } from '../../recipe/read/network-document.ts';
import { openStore } from '../../store/open-store.ts';
import type { StoreChoice } from '../../store/kind.ts';

/** Writes a document into the store, if every node could use it. */
export async function setNetwork(choice: StoreChoice, file: string): Promise<void> {
  const colour = usesColour(process.stderr);
  const source = { name: file === '-' ? 'standard input' : file, text: await readText(file) };
  const checked = parseNetworkDocument(source);
  if (checked.kind === 'invalid') throw refuseRecipe(source, checked.diagnostics);
  process.stderr.write(renderDiagnostics(checked.warnings, { colour }));
  const { network, backendType } = checked.value;
  process.stderr.write(await checkBackend(source, checked.value, colour));
  const store = await openStore(choice);
  try {
    await store.writeNetwork(source.text);
    process.stdout.write(
      `Set the network of the ${store.description}: ${describeNetwork(network)}, type ${backendType}.\n`,
    );
  } finally {
    await store.close();
  }
}

/**
 * Holds the backend against what nodes will make of it: the commands in the document, or the recipe of its type. Returns
 * what there is to say of it. Throws a Failure that says what is wrong.
 */
async function checkBackend(
  source: SourceText,
  { backendType, commands }: StoredNetwork,
  colour: boolean,
): Promise<string> {
  if (commands.length > 0) {
    const { warnings } = await checkRecipe(source, backendType);
    const note = 'Its commands run only on nodes that were started with --trust-store-commands.\n';
    return renderDiagnostics(warnings, { colour }) + note;
  }
  if (findNamedRecipe(backendType) === undefined) {
    return `This machine does not have a recipe of type ${backendType}. Start nodes with heddle up --recipe.\n`;
  }
  decideNetwork((await loadRecipe(backendType)).recipe, [], source);
  return '';
}

async function readText(file: string): Promise<string> {
  try {
    return await readRecipeText(file === '-' ? process.stdin : file);
  } catch (error) {
    const shown = file === '' ? '""' : file;
    throw new Failure('recipe', `the network configuration ${shown} cannot be read: ${explainError(error)}`, {
      hint: 'give the path of its file, or - for standard input',
      cause: error,
    });
  }
}
