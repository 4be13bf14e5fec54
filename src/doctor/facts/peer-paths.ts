import { Failure } from '../../diagnostic/failure.ts';
import { readRouteTo } from '../../host/interface/links.ts';
import { sendPing } from '../../host/ping.ts';
import type { Family } from '../../network/cidr.ts';
import type { PeerPath } from '../facts.ts';

/** The most peers that are looked at: a few show what is wrong with this host. */
const mostPeers = 8;

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
  try {
    const [small, whole] = await Promise.all([
      sendPing(address),
      sendPing(address, ['-M', 'do', '-s', String(size)]),
    ]);
    if (whole) return 'whole';
    return small ? 'small-only' : 'silent';
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
