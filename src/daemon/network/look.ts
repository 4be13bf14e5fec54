import { checkPeersInPlace } from '../commands/check-peers.ts';
import type { LiveNetwork, Look, CheckSight } from './parts/part.ts';

/** Makes a look that reads the kernel once, when a part first asks. */
export function lookOnce(network: LiveNetwork, signal: AbortSignal): Look {
  let seen: Promise<CheckSight> | undefined;
  return { see: () => (seen ??= see(network, signal)) };
}

async function see({ commands, own, loop }: LiveNetwork, signal: AbortSignal): Promise<CheckSight> {
  const since = loop.engine.checkpoint;
  const found = await checkPeersInPlace(commands, own, loop.engine.appliedPeers, 'in-background', signal);
  return { ...found, since };
}
