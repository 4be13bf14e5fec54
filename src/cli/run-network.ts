import { readFileSync } from 'node:fs';
import { networkHint } from '../daemon/await-network.ts';
import { loadRecipe, refuseRecipe } from '../daemon/load-recipe.ts';
import { findNamedRecipe } from '../daemon/recipe-catalogue.ts';
import { decideNetwork } from '../daemon/prepare.ts';
import { renderDiagnostics } from '../diagnostic/code-frame.ts';
import { Failure } from '../diagnostic/failure.ts';
import { describeNetwork } from '../network/configuration-text.ts';
import { parseNetworkDocument } from '../recipe/network-document.ts';
import { openStore } from '../store/open-store.ts';
import type { StoreChoice } from '../store/open-store.ts';

/** Prints the document exactly as it stands in the store, ending with a line break. */
export async function getNetwork(choice: StoreChoice): Promise<void> {
  const store = await openStore(choice, 'read-only');
  try {
    const document = await store.readNetwork();
    if (document === undefined) {
      throw new Failure('store', `the ${store.description} holds no network configuration`, {
        hint: networkHint,
      });
    }
    process.stdout.write(document.text.endsWith('\n') ? document.text : `${document.text}\n`);
  } finally {
    await store.close();
  }
}

/** Writes a document into the store, if every node could use it. */
export async function setNetwork(choice: StoreChoice, file: string): Promise<void> {
  const colour = process.stderr.isTTY;
  const source = { name: file === '-' ? 'standard input' : file, text: readText(file) };
  const checked = parseNetworkDocument(source);
  if (checked.kind === 'invalid') throw refuseRecipe(source, checked.diagnostics, colour);
  process.stderr.write(renderDiagnostics(checked.warnings, { colour }));
  const { network, backendType, commands } = checked.value;
  if (commands.length === 0 && findNamedRecipe(backendType) !== undefined) {
    // For its Failure: a parameter that the recipe does not know or that is out of bounds.
    decideNetwork((await loadRecipe(backendType, colour)).recipe, [], source, colour);
  }
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

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('usage', `the network configuration ${file} cannot be read: ${why}`);
  }
}
