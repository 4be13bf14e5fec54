/** The keys of the leases for each name. Nearly every name has one key, which does not need its own set. */
export class KeysByName {
  readonly #keys = new Map<string, string | Set<string>>();

  /** The keys of a name, the earliest first. */
  of(name: string): readonly string[] {
    const keys = this.#keys.get(name);
    if (keys === undefined) return [];
    return typeof keys === 'string' ? [keys] : [...keys];
  }

  /** The number of keys of a name. */
  count(name: string): number {
    const keys = this.#keys.get(name);
    if (keys === undefined) return 0;
    return typeof keys === 'string' ? 1 : keys.size;
  }

  add(name: string, key: string): void {
    const keys = this.#keys.get(name);
    if (keys === undefined) this.#keys.set(name, key);
    else if (typeof keys !== 'string') keys.add(key);
    else if (keys !== key) this.#keys.set(name, new Set([keys, key]));
  }

  delete(name: string, key: string): void {
    const keys = this.#keys.get(name);
    if (keys === key) this.#keys.delete(name);
    if (keys === undefined || typeof keys === 'string') return;
    keys.delete(key);
    const [last] = keys;
    if (keys.size === 1 && last !== undefined) this.#keys.set(name, last);
  }
}
