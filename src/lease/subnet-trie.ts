import { addressBits } from '../network/cidr.ts';
import type { Cidr } from '../network/cidr.ts';

interface Node {
  zero: Node | undefined;
  one: Node | undefined;
  /** The key of the lease whose subnet ends here. */
  key: string | undefined;
}

const emptyNode = (): Node => ({ zero: undefined, one: undefined, key: undefined });

/**
 * Finds overlaps among subnets of one network. The time depends only on a subnet's own bits, not on the number or the lengths of the
 * others. All subnets must lie inside the network.
 */
export class SubnetTrie {
  readonly #network: Cidr;
  readonly #root: Node = emptyNode();

  constructor(network: Cidr) {
    this.#network = network;
  }

  /** The key of a held subnet that overlaps `subnet`, if there is one. */
  findOverlap(subnet: Cidr): string | undefined {
    let node: Node | undefined = this.#root;
    for (const bit of this.#bits(subnet)) {
      if (node.key !== undefined) return node.key;
      node = bit === '1' ? node.one : node.zero;
      if (node === undefined) return undefined;
    }
    return firstKey(node);
  }

  insert(subnet: Cidr, key: string): void {
    let node = this.#root;
    for (const bit of this.#bits(subnet))
      node = bit === '1' ? (node.one ??= emptyNode()) : (node.zero ??= emptyNode());
    node.key = key;
  }

  delete(subnet: Cidr): void {
    const path: { parent: Node; bit: string }[] = [];
    let node: Node | undefined = this.#root;
    for (const bit of this.#bits(subnet)) {
      path.push({ parent: node, bit });
      node = bit === '1' ? node.one : node.zero;
      if (node === undefined) return;
    }
    node.key = undefined;
    for (let step = path.pop(); step !== undefined && isEmpty(node); step = path.pop()) {
      if (step.bit === '1') step.parent.one = undefined;
      else step.parent.zero = undefined;
      node = step.parent;
    }
  }

  /** The bits below the network's own, as digits. To read them one by one from a bigint would take most of the time of a search. */
  #bits(subnet: Cidr): string {
    const digits = subnet.value.toString(2).padStart(addressBits(subnet.family), '0');
    return digits.slice(this.#network.prefix, subnet.prefix);
  }
}

function isEmpty(node: Node): boolean {
  return node.zero === undefined && node.one === undefined && node.key === undefined;
}

function firstKey(node: Node): string | undefined {
  if (node.key !== undefined) return node.key;
  for (const child of [node.zero, node.one]) {
    const key = child === undefined ? undefined : firstKey(child);
    if (key !== undefined) return key;
  }
  return undefined;
}
