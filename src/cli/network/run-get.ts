import { locateNetwork, networkHint } from '../../daemon/setup/await-network.ts';
import { renderDiagnostics } from '../../diagnostic/code-frame.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { positionAt, type SourceText } from '../../diagnostic/source.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import { findNamedRecipe } from '../../recipe-files/catalogue.ts';
import { loadRecipe } from '../../recipe-files/load-recipe.ts';
import { refuseRecipe } from '../../recipe-files/refuse-recipe.ts';
import { parseNetworkDocument } from '../../recipe/read/network-document.ts';
import { describeRanges } from '../../network/configuration-text.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { openStore } from '../../store/open-store.ts';

/** The output of `network get --json`. */
export interface UnderstoodNetwork {
  /** Where the document is. */
  readonly source: string;
  /** The document as it stands in the store. */
  readonly document: string;
  /** The document as heddle understands it: each key once and in its own case, without what has no effect. */
  readonly understood: unknown;
  /** The values and keys that heddle reads in another way than they are written, and other warnings. */
  readonly liberties: readonly {
    readonly line: number;
    readonly column: number;
    readonly code: string;
    readonly message: string;
  }[];
}

/**
 * Prints the document exactly as it stands in the store, ending with a line break, and on stderr what heddle reads otherwise.
 * With `json`, prints both as one object. Throws a Failure if the document is refused.
 */
export async function getNetwork(choice: StoreChoice, json: boolean): Promise<void> {
  const document = await readDocument(choice);
  if (!json) process.stdout.write(document.text.endsWith('\n') ? document.text : `${document.text}\n`);
  const checked = parseNetworkDocument(document, await declaredFor(document));
  if (checked.kind === 'invalid') throw refuseRecipe(document, checked.diagnostics);
  const { network, backendType, understood } = checked.value;
  if (json) {
    const liberties = checked.warnings.map(({ source, span, code, message }) => ({
      ...positionAt(source.text, span.offset),
      code,
      message,
    }));
    const report: UnderstoodNetwork = {
      source: document.name,
      document: document.text,
      understood,
      liberties,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  if (checked.warnings.length === 0) return;
  process.stderr.write(renderDiagnostics(checked.warnings, { colour: usesColour(process.stderr) }));
  process.stderr.write(`Understood: type ${backendType}, subnets from ${describeRanges(network)}.\n`);
}

async function readDocument(choice: StoreChoice): Promise<SourceText> {
  const store = await openStore(choice, 'read-only');
  try {
    const document = await whileWaiting({ what: `the ${store.description}` }, () => store.readNetwork());
    if (document !== undefined) return document;
    const { place, cause, hint = networkHint(choice) } = await locateNetwork(store);
    throw new Failure('not-found', `the network configuration is missing in the ${store.description}`, {
      hint: `heddle looked for ${place}; ${cause ?? hint}`,
    });
  } finally {
    await store.close();
  }
}

/** The parameters of the local recipe of a document's type; undefined if there is none. */
async function declaredFor(document: SourceText): Promise<readonly string[] | undefined> {
  const checked = parseNetworkDocument(document);
  if (checked.kind === 'invalid') return undefined;
  const { backendType, commands } = checked.value;
  if (commands.length > 0) return [];
  if (findNamedRecipe(backendType) === undefined) return undefined;
  const { recipe } = await loadRecipe(backendType);
  return recipe.parameters.map(({ name }) => name);
}
