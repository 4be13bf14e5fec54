import { readRouteTo } from '../../host/interface/links.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';
import type { Family } from '../../network/cidr.ts';
import type { PeerPath } from '../facts.ts';

/** The most peers that are looked at: a few show what is wrong with this host. */
const mostPeers = 8;

/** The time for the answer to a ping, in seconds. */
const answerSeconds = 1;

/** The bytes of the headers of a ping, by family. */
const headers = { 4: 28, 6: 48 } as const;

/**
 * Finds the way to the first few peers.
 *
 * @param mtu the size of the largest packet to send, in bytes; undefined to send none
 */
export function readPeerPaths(
  addresses: readonly { readonly address: string; readonly family: Family }[],
  mtu: number | undefined,
): Promise<readonly PeerPath[]> {
  return Promise.all(
    addresses.slice(0, mostPeers).map(async ({ address, family }) => {
      const [route, probe] = await Promise.all([
        readRouteTo(address),
        mtu === undefined ? undefined : probePath(address, mtu - headers[family]),
      ]);
      return { address, family, device: route?.device, probe };
    }),
  );
}

/** Sends a small ping, and one that fills the interface's MTU and must not be fragmented. */
async function probePath(address: string, size: number): Promise<PeerPath['probe']> {
  const [small, whole] = await Promise.all([
    ping(address, []),
    ping(address, ['-M', 'do', '-s', String(size)]),
  ]);
  if (whole) return 'whole';
  return small ? 'small-only' : 'silent';
}

async function ping(address: string, options: readonly string[]): Promise<boolean> {
  const args = ['-n', '-q', '-c', '1', '-W', String(answerSeconds), ...options, address];
  try {
    await runProgram('ping', args, { timeoutMs: (answerSeconds + 2) * 1000 });
    return true;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return false;
  }
}
