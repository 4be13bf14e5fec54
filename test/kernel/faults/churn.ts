import type { LeaseFiles, LeaseText } from './lease-files.ts';
import type { Overlay } from './overlays.ts';
import type { Random } from './random.ts';

/** How many peers there may be that are nothing but a lease. */
const crowd = { fewest: 5, most: 40 };

/** Changes the leases of nodes that there are not, at random, as a busy cluster would. */
export class Churn {
  readonly #leases: LeaseFiles;
  readonly #overlay: Overlay;
  readonly #random: Random;
  readonly #peers = new Map<string, LeaseText>();

  constructor(leases: LeaseFiles, overlay: Overlay, random: Random) {
    this.#leases = leases;
    this.#overlay = overlay;
    this.#random = random;
  }

  /** Adds peers until there are this many. */
  grow(count: number): void {
    while (this.#peers.size < count) this.#add();
  }

  /** Changes one thing. */
  step(): void {
    if (this.#peers.size <= crowd.fewest) return this.#add();
    const peer = this.#random.pick([...this.#peers.values()]);
    const change = this.#random.below(10);
    if (change < 3 && this.#peers.size < crowd.most) return this.#add();
    if (change < 5) return this.#delete(peer);
    if (change < 7) return this.#put({ ...peer, backendData: this.#overlay.makeData(this.#random) });
    if (change < 8) return this.#put({ ...peer, publicIp: this.#freeAddress() });
    if (change < 9) return this.#move(peer);
    this.#put(peer);
  }

  #add(): void {
    this.#put({
      key: this.#freeKey(),
      publicIp: this.#freeAddress(),
      backendType: this.#overlay.backendType,
      backendData: this.#overlay.makeData(this.#random),
    });
  }

  /** A node that came back with another subnet: for a moment it has two. */
  #move(peer: LeaseText): void {
    this.#put({ ...peer, key: this.#freeKey() });
    this.#delete(peer);
  }

  #put(peer: LeaseText): void {
    this.#peers.set(peer.key, peer);
    this.#leases.put(peer);
  }

  #delete({ key }: LeaseText): void {
    this.#peers.delete(key);
    this.#leases.delete(key);
  }

  /** Nodes of the lab choose among the first hundred. */
  #freeKey(): string {
    return this.#free((number) => `10.50.${110 + number}.0-24`, [...this.#peers.keys()]);
  }

  /** On the lab's underlay, where no node is. */
  #freeAddress(): string {
    const used = [...this.#peers.values()].map(({ publicIp }) => publicIp);
    return this.#free((number) => `172.30.0.${100 + number}`, used);
  }

  #free(name: (number: number) => string, used: readonly string[]): string {
    for (;;) {
      const candidate = name(this.#random.below(140));
      if (!used.includes(candidate)) return candidate;
    }
  }
}
