import type { LinkRoutes } from '../../network/link-routes.ts';
import type { Peer, PeerLink } from '../../lease/lease.ts';
import type { UsesLink } from '../commands/link-use.ts';

/** So many peers of one form are asked whether their commands depend on the link. The answer holds for all others of that form. */
const examples = 3;

/** Knows on which link of this node each peer is. */
export class PeerLinks {
  readonly #usesLink: UsesLink;
  readonly #readRoutes: () => Promise<LinkRoutes>;
  #routes: LinkRoutes | undefined;
  /** The answers of the examples, by the form of the peer. */
  readonly #answers = new Map<string, { asked: number; matters: boolean }>();
  /** Peers on the same links share one object. */
  readonly #links = new Map<string, PeerLink>();

  constructor(usesLink: UsesLink, readRoutes: () => Promise<LinkRoutes>) {
    this.#usesLink = usesLink;
    this.#readRoutes = readRoutes;
  }

  /** Reads the routes of this host. */
  async look(): Promise<void> {
    this.#routes = await this.#readRoutes();
  }

  /** The peer with the devices on whose links it is. */
  place(peer: Peer): Peer {
    if (this.#routes === undefined) return peer;
    const devices = this.#routes.devicesOf(peer);
    const matters = this.#matters(peer);
    const key = JSON.stringify([devices.ipv4, devices.ipv6, matters]);
    const link = this.#links.get(key) ?? { devices, matters };
    this.#links.set(key, link);
    const { subnet, ipv6Subnet, publicIp, publicIpv6, stdin, fields } = peer;
    // Spread syntax would make a layout of its own for each of many thousand peers.
    return { key: peer.key, subnet, ipv6Subnet, publicIp, publicIpv6, stdin, fields, link };
  }

  #matters(peer: Peer): boolean {
    const addresses = [peer.subnet, peer.ipv6Subnet, peer.publicIp, peer.publicIpv6];
    const form = addresses.map((value) => value !== undefined).join();
    const answer = this.#answers.get(form) ?? { asked: 0, matters: false };
    this.#answers.set(form, answer);
    if (!answer.matters && answer.asked < examples) {
      answer.asked += 1;
      answer.matters = this.#usesLink(peer);
    }
    return answer.matters;
  }
}
