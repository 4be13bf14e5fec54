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
import { parseNetworkDocument, recipeTextOf } from '../../recipe/read/network-document.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { openStore } from '../../store/open-store.ts';
import { quotePlainly } from '../../store/network-command.ts';
import { storeKindOf } from '../../store/kinds.ts';
import type { StoreChoice } from '../../store/kind.ts';

/** Writes a document into the store, if every node could use it. */
export async function setNetwork(choice: StoreChoice, file: string): Promise<void> {
  const colour = usesColour(process.stderr);
  const source = { name: file === '-' ? 'standard input' : file, text: await readText(file) };
  const checked = parseNetworkDocument(source);
  if (checked.kind === 'invalid') throw refuseRecipe(source, checked.diagnostics);
  const { network, backendType } = checked.value;
  process.stderr.write(await checkBackend(choice, source, checked, colour));
  const store = await openStore(choice);
  try {
    const get = quotePlainly(['heddle', 'network', 'get', ...storeKindOf(choice).argumentsOf(choice)]);
    const now = `The store may have the new network configuration, or the old one: ${get} shows it.`;
    await whileWaiting({ what: `the ${store.description}`, now }, () => store.writeNetwork(source.text));
    process.stdout.write(
      `Set the network of the ${store.description}: ${describeNetwork(network)}, type ${backendType}.\n`,
    );
  } finally {
    await store.close();
  }
}

/**
 * Checks the backend as nodes will: the commands in the document, or the recipe of its type. Returns the warnings about the
 * document and its backend. Throws a Failure that shows what is wrong.
 */
async function checkBackend(
  choice: StoreChoice,
  source: SourceText,
  checked: Extract<ReturnType<typeof parseNetworkDocument>, { kind: 'valid' }>,
  colour: boolean,
): Promise<string> {
  const { backendType, commands } = checked.value;
  if (commands.length > 0) {
    const whole = parseNetworkDocument(source, []);
    if (whole.kind === 'invalid') throw refuseRecipe(source, whole.diagnostics);
    const { warnings } = await checkRecipe(recipeTextOf(source, whole), backendType);
    const note = 'Its commands run only on nodes that were started with --trust-store-commands.\n';
    return renderDiagnostics([...whole.warnings, ...warnings], { colour }) + note;
  }
  if (findNamedRecipe(backendType) === undefined) {
    const note = `This machine does not have a recipe of type ${backendType}. Start nodes with ${upCommand(choice)}.\n`;
    return renderDiagnostics(checked.warnings, { colour }) + note;
  }
  const { warnings } = decideNetwork((await loadRecipe(backendType)).recipe, [], source);
  return renderDiagnostics(warnings, { colour });
}

function upCommand(choice: StoreChoice): string {
  return quotePlainly(['heddle', 'up', '--recipe', 'RECIPE', ...storeKindOf(choice).argumentsOf(choice)]);
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
