import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent } from '../../event/event.ts';
import { explainError } from '../../host/system-error.ts';
import type { UpOptions } from './options.ts';
import { decideNetwork } from '../../recipe-files/decide-network.ts';
import { mayBringNetwork } from './prepare.ts';
import { requireNoOverlap } from './require-no-overlap.ts';
import type { Preparation } from './prepare.ts';

/**
 * Writes the network configuration into a store that has none. If another node was faster, its document counts, and the result is the
 * preparation with that document.
 */
export async function publishNetwork(preparation: Preparation, options: UpOptions): Promise<Preparation> {
  const { store, loaded, network } = preparation;
  if (network.isInStore) return preparation;
  const { text } = network.document;
  const standing = await store.createNetwork(text);
  const document = { name: `the network configuration in ${store.description}`, text: standing };
  const decided = decideNetwork(loaded.recipe, options.parameters, document);
  if (standing !== text) {
    await requireNoOverlap(decided.configuration, preparation.interfaces, preparation.underlay, options);
  }
  return { ...preparation, network: { ...decided, isPublishedHere: standing === text } };
}

/**
 * Makes sure that the store still has the network configuration. Call it after the lease is taken, because no node withdraws a
 * configuration after that. The node that wrote it may have failed and withdrawn it before; then it is written again. Throws a Failure if
 * the store has another one.
 */
export async function confirmNetwork(
  { store, network }: Preparation,
  options: Pick<UpOptions, 'store' | 'recipe'>,
): Promise<void> {
  if (!mayBringNetwork(options)) return;
  const { text } = network.document;
  const standing = (await store.readNetwork())?.text ?? (await store.createNetwork(text));
  if (standing === text) return;
  throw new Failure(
    'store',
    `the network configuration in the ${store.description} changed while this node started`,
    { hint: 'start the node again' },
  );
}

/**
 * Withdraws the network configuration that a failed start wrote, unless some node has a lease by now. So it decides nothing for the nodes
 * that start later.
 */
export async function withdrawNetwork({ store, network }: Preparation, emit: EmitEvent): Promise<void> {
  if (!network.isPublishedHere) return;
  try {
    await store.withdrawNetwork(network.document.text);
  } catch (error) {
    emit({
      event: 'warning',
      message: `could not delete the network configuration that this node wrote into the ${store.description}: ${explainError(error)}`,
    });
  }
}
