import type { Host } from './host.ts';
import type { OverlayNode } from './overlay-node.ts';

/** The public key that a node of the recipe wireguard publishes. */
export function publicKeyOf(node: OverlayNode): string {
  return ((node.published.v4 ?? node.published.v6) as { PublicKey: string }).PublicKey;
}

/** `KEY endpoint subnets pre-shared-key keepalive` of each peer of a device. */
export function wireguardPeersOf(host: Host, device = 'flannel-wg'): Promise<readonly string[]> {
  return host.lines(`wg show ${device} dump | awk 'NR > 1 { print $1, $3, $4, $2, $8 }'`);
}
