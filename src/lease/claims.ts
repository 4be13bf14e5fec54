import { KeysByName } from './keys-by-name.ts';

/** A value that several leases claim for their nodes: an underlay address, a MAC address or a key. */
export interface SharedThing<Thing> {
  readonly thing: Thing;
  /** The keys of the leases, the first claimant first. */
  readonly keys: readonly string[];
}

/** Keeps the claims of leases. Each claimed value belongs to one node, so two claims are a mistake or a leftover. */
export class Claims<Thing> {
  readonly #nameOf: (thing: Thing) => string;
  readonly #claimants = new KeysByName();
  /** The values that several leases claim, by name. */
  readonly #shared = new Map<string, Thing>();
  /** The names of the values that became shared, or got one more claimant, since the last call. */
  readonly #news = new Set<string>();

  /** @param nameOf the name of a value, different for different values */
  constructor(nameOf: (thing: Thing) => string) {
    this.#nameOf = nameOf;
  }

  /** The values that are shared now. */
  get shared(): SharedThing<Thing>[] {
    return [...this.#shared].map(([name, thing]) => ({ thing, keys: this.#claimants.of(name) }));
  }

  /** Replaces the claims of a key. */
  change(key: string, before: readonly Thing[], after: readonly Thing[]): void {
    if (before.length === 0) {
      for (const thing of after) this.#claim(key, thing);
      return;
    }
    const names = new Set(after.map(this.#nameOf));
    for (const thing of before) if (!names.has(this.#nameOf(thing))) this.#release(key, thing);
    const known = new Set(before.map(this.#nameOf));
    for (const thing of after) if (!known.has(this.#nameOf(thing))) this.#claim(key, thing);
  }

  /** Takes the shared values that were not reported yet. */
  takeNews(): SharedThing<Thing>[] {
    if (this.#news.size === 0) return [];
    const news = this.shared.filter(({ thing }) => this.#news.has(this.#nameOf(thing)));
    this.#news.clear();
    return news;
  }

  #claim(key: string, thing: Thing): void {
    const name = this.#nameOf(thing);
    this.#claimants.add(name, key);
    if (this.#claimants.count(name) < 2) return;
    this.#shared.set(name, thing);
    this.#news.add(name);
  }

  #release(key: string, thing: Thing): void {
    const name = this.#nameOf(thing);
    this.#claimants.delete(name, key);
    if (this.#claimants.count(name) > 1) return;
    this.#shared.delete(name);
    this.#news.delete(name);
  }
}
