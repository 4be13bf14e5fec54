import { Engine } from '../../engine/engine.ts';
import type { EmitEvent } from '../../event/event.ts';
import { parseLeaseKey } from '../../lease/wire.ts';
import { inheritedEnvironment } from '../../contract/environment.ts';
import { noFamily } from '../../network/per-family.ts';
import { parseNetworkDocument } from '../../recipe/read/network-document.ts';
import type { Shell } from '../../shell/shell.ts';
import { CommandRunner } from '../commands/command-runner.ts';
import { Waits } from '../commands/waits.ts';
import { type Deployment, factsOfDeployment } from '../network/deployment.ts';
import { checkRecipe } from '../../recipe-files/load-recipe.ts';
import { refuseRecipe } from '../../recipe-files/refuse-recipe.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';
import { peerCommands } from '../commands/peer-commands.ts';
import { PeerLoop } from '../peers/peer-loop.ts';
import type { StandingNetwork } from '../network/parts/part.ts';
import { removePeers } from '../network/parts/peers.ts';
import { takeDown, type TakeDownResult } from '../network/take-down.ts';

/**
 * Takes down the network of a dead daemon, with the recipe and the values that brought it up, and the peers in its journal.
 */
export async function takeDownDeployment(
  deployment: Deployment,
  journal: PeerJournal,
  stateDirectory: string,
  shell: Shell,
  emit: EmitEvent,
  waits = new Waits(emit, AbortSignal.abort()),
): Promise<TakeDownResult> {
  const network = await standAgain(deployment, journal, stateDirectory, shell, emit, waits);
  return takeDown(network, deployment.parts);
}

/** Removes the peers of a dead daemon's network, and leaves the rest of it. */
export async function removeDeployedPeers(
  deployment: Deployment,
  journal: PeerJournal,
  stateDirectory: string,
  shell: Shell,
  emit: EmitEvent,
): Promise<void> {
  const waits = new Waits(emit, AbortSignal.abort());
  const { loop } = await standAgain(deployment, journal, stateDirectory, shell, emit, waits);
  await removePeers(loop);
}

async function standAgain(
  deployment: Deployment,
  journal: PeerJournal,
  stateDirectory: string,
  shell: Shell,
  emit: EmitEvent,
  waits: Waits,
): Promise<StandingNetwork> {
  const source = { name: deployment.recipe.file, text: deployment.recipe.text };
  const { recipe, scripts } = await checkRecipe(source, deployment.recipe.name);
  const document = {
    name: `the network configuration of ${stateDirectory}`,
    text: deployment.networkDocument,
  };
  const network = parseNetworkDocument(document);
  if (network.kind === 'invalid') throw refuseRecipe(document, network.diagnostics);
  const facts = factsOfDeployment(deployment, recipe, network.value.network, stateDirectory);
  const inherited = inheritedEnvironment(process.env, [
    ...recipe.environment,
    ...(deployment.passEnvironment ?? []),
  ]);
  const commands = new CommandRunner({ recipe, scripts, shell, inherited, facts, waits }, emit);
  const own = deployment.leaseKey === null ? undefined : parseLeaseKey(deployment.leaseKey);
  const peers = peerCommands(commands, own ?? noFamily, 'off', () => undefined);
  const loop = new PeerLoop({
    engine: new Engine(peers.abilities),
    journal,
    commands: peers,
    concurrency: recipe.concurrency,
    emit,
    onProgress: () => undefined,
  });
  loop.feed({ kind: 'restore', peers: journal.peers });
  return { commands, loop, journal, own, stateDirectory, emit };
}
