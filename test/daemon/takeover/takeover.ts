import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readDeployment, writeDeployment } from '../../../src/daemon/network/deployment-file.ts';
import type { Deployment } from '../../../src/daemon/network/deployment.ts';
import { PeerJournal } from '../../../src/daemon/peers/peer-journal.ts';
import { openJournal } from '../../../src/host/state/journal-file.ts';
import type { Bench } from '../bench.ts';
import { Life } from '../life.ts';

/** Lets a daemon bring the network of the bench up with peers 4 and 5, and leave it. Returns what it left in the deployment file. */
export async function leaveNetwork(t: TestContext, bench: Bench): Promise<Deployment> {
  await bench.lease(4);
  await bench.lease(5);
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  await life.stop({ onExit: 'leave' });
  const deployment = await readDeployment(bench.stateDirectory);
  if (deployment === undefined) throw new Error('no deployment file was left');
  bench.events.length = 0;
  bench.drop('log');
  return deployment;
}

/** Rewrites the deployment file, as another daemon could have left it. */
export async function rewriteDeployment(bench: Bench, deployment: Deployment): Promise<void> {
  await writeDeployment(bench.stateDirectory, deployment);
}

export async function openPeerJournal(t: TestContext, bench: Bench): Promise<PeerJournal> {
  const file = await openJournal(join(bench.stateDirectory, 'journal'));
  t.after(() => file.close());
  return PeerJournal.open(file);
}

/** The same network in a network namespace of this boot that no process is in. */
export function elsewhere(deployment: Deployment): Deployment {
  const { networkNamespace } = deployment;
  if (networkNamespace === undefined) throw new Error('/proc does not tell the network namespace');
  return { ...deployment, networkNamespace: { ...networkNamespace, name: 'net:[1]' } };
}
