import { KeysByName } from './keys-by-name.ts';

/** An underlay address that more than one lease says is its node's. */
export interface SharedAddress {
  readonly address: string;
  /** The leases' keys, the first to claim it first. */
  readonly keys: readonly string[];
}

/** Keeps which lease claims which underlay address: each is one node's, so that two claims are a mistake or a leftover. */
export class AddressClaims {
  readonly #claimants = new KeysByName();
  readonly #shared = new Set<string>();
  /** The addresses that became shared, or shared by one more lease, since the last call. */
  readonly #news = new Set<string>();

  /** Every address that is shared now. */
  get shared(): SharedAddress[] {
    return this.#describe(this.#shared);
  }

  /** Replaces what a key claims. */
  change(key: string, before: readonly string[], after: readonly string[]): void {
    for (const address of before) if (!after.includes(address)) this.#release(key, address);
    for (const address of after) if (!before.includes(address)) this.#claim(key, address);
  }

  /** The shared addresses that were not reported yet. */
  takeNews(): SharedAddress[] {
    const news = this.#describe(this.#news);
    this.#news.clear();
    return news;
  }

  #claim(key: string, address: string): void {
    this.#claimants.add(address, key);
    if (this.#claimants.count(address) < 2) return;
    this.#shared.add(address);
    this.#news.add(address);
  }

  #release(key: string, address: string): void {
    this.#claimants.delete(address, key);
    if (this.#claimants.count(address) > 1) return;
    this.#shared.delete(address);
    this.#news.delete(address);
  }

  #describe(addresses: ReadonlySet<string>): SharedAddress[] {
    return [...addresses].map((address) => ({ address, keys: this.#claimants.of(address) }));
  }
}
