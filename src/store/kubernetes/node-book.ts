import type { LeaseRecord, StoreChange, StoreFault } from '../store.ts';
import type { AnnotationNames } from './annotations.ts';
import { nodePlace, readNode, type NodeObject } from './node-object.ts';

/** The part of a Node that is kept, if the Node takes part in the network. A whole Node has 20 KB and more. */
type Entry =
  | { readonly kind: 'lease'; readonly record: LeaseRecord }
  | { readonly kind: 'fault'; readonly fault: StoreFault }
  /** An earlier Node has the same pod CIDRs, so this one does not count. `instead` is its entry once the other is gone. */
  | {
      readonly kind: 'second';
      readonly instead: Exclude<Entry, { kind: 'second' }>;
      readonly fault: StoreFault;
    };

/**
 * The leases of all Nodes, by the names of the Nodes. It turns each state of a Node into the changes of leases. A heartbeat, or another
 * change of a Node that does not concern the network, makes none. The cost of each call does not depend on the number of Nodes, unless
 * two Nodes have the same pod CIDRs.
 */
export class NodeBook {
  readonly #names: AnnotationNames;
  readonly #entries: Map<string, Entry>;
  /** The Node that holds each key. */
  readonly #holders: Map<string, string>;

  constructor(names: AnnotationNames, earlier?: NodeBook) {
    this.#names = names;
    this.#entries = new Map(earlier === undefined ? [] : earlier.#entries);
    this.#holders = new Map(earlier === undefined ? [] : earlier.#holders);
  }

  /** A copy that changes on its own. */
  copy(): NodeBook {
    return new NodeBook(this.#names, this);
  }

  get records(): readonly LeaseRecord[] {
    return [...this.#entries.values()].flatMap((entry) => (entry.kind === 'lease' ? entry.record : []));
  }

  get faults(): readonly StoreFault[] {
    return [...this.#entries.values()].flatMap((entry) => (entry.kind === 'lease' ? [] : entry.fault));
  }

  /** The name of the Node with a lease. */
  holderOf(key: string): string | undefined {
    return this.#holders.get(key);
  }

  /** Notes the present state of a Node. */
  take(node: NodeObject): readonly StoreChange[] {
    const { name } = node.metadata;
    const reading = readNode(node, this.#names);
    if (reading.kind === 'stranger') return this.drop(name);
    const before = this.#entries.get(name);
    const key = keyOf(reading);
    if (before !== undefined && isSameEntry(before.kind === 'second' ? before.instead : before, reading))
      return [];
    // A fault with the lease's key leaves the last good state of that lease in place.
    const freed = this.#heldKey(name) === key ? [] : this.drop(name);
    return [...freed, ...this.#put(name, reading)];
  }

  /** Notes that a Node is gone. */
  drop(name: string): readonly StoreChange[] {
    const key = this.#heldKey(name);
    this.#entries.delete(name);
    if (key === undefined) return [];
    this.#holders.delete(key);
    return [{ kind: 'delete', key }, ...this.#passOn(key)];
  }

  #put(name: string, entry: Exclude<Entry, { kind: 'second' }>): readonly StoreChange[] {
    const key = keyOf(entry);
    const holder = key === undefined ? undefined : this.#holders.get(key);
    if (holder !== undefined && holder !== name) {
      const fault = { where: nodePlace(name), reason: `has the podCIDRs of the Node ${holder}: ${key}` };
      this.#entries.set(name, { kind: 'second', instead: entry, fault });
      return [{ kind: 'fault', fault }];
    }
    if (key !== undefined) this.#holders.set(key, name);
    this.#entries.set(name, entry);
    return [entry.kind === 'lease' ? { kind: 'put', record: entry.record } : entry];
  }

  /** The key that a Node holds: that of its lease, or of a lease that cannot be read any more. */
  #heldKey(name: string): string | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined || entry.kind === 'second' ? undefined : keyOf(entry);
  }

  /** Gives a free key to another Node with the same pod CIDRs. */
  #passOn(key: string): readonly StoreChange[] {
    for (const [name, entry] of this.#entries) {
      if (entry.kind === 'second' && keyOf(entry.instead) === key) return this.#put(name, entry.instead);
    }
    return [];
  }
}

function keyOf(entry: Exclude<Entry, { kind: 'second' }>): string | undefined {
  return entry.kind === 'lease' ? entry.record.key : entry.fault.key;
}

function isSameEntry(a: Entry, b: Entry): boolean {
  if (a.kind === 'lease' && b.kind === 'lease')
    return a.record.key === b.record.key && a.record.value === b.record.value;
  return a.kind === 'fault' && b.kind === 'fault' && isSameFault(a.fault, b.fault);
}

function isSameFault(a: StoreFault, b: StoreFault): boolean {
  return a.reason === b.reason && a.key === b.key;
}
