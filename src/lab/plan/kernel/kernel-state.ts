/** The kinds of kernel objects that a recipe's commands make, in the order in which a lab deletes them. */
const objectKinds = [
  'route',
  'neighbour',
  'fdb entry',
  'WireGuard peer',
  'xfrm policy',
  'xfrm state',
  'rule',
  'nftables rule',
  'nftables chain',
  'nftables set',
  'nftables table',
  'address',
  'link',
] as const;
type ObjectKind = (typeof objectKinds)[number];

/** An object in the network namespace of a node. */
export interface StateObject {
  readonly kind: ObjectKind;
  /** The name of the object for people: `10.50.2.0/24 via 10.50.2.0 dev flannel.1`. */
  readonly name: string;
  /** Everything about the object that commands decide, as text. Two objects are the same if their texts are. */
  readonly text: string;
  /** The interface that the object belongs to; undefined if it does not belong to one. */
  readonly device: string | undefined;
  /** The command that deletes the object. */
  readonly remove: readonly [string, ...string[]];
}

/** The objects of a network namespace by their kinds and texts. What the kernel adds and changes by itself is left out. */
export type KernelState = ReadonlyMap<string, StateObject>;

/** The difference between two states of one network namespace. */
export interface StateDifference {
  readonly added: readonly StateObject[];
  readonly removed: readonly StateObject[];
}

/** Collects objects into a state. An object that exists twice, such as a rule of a firewall, counts twice. */
export function toState(objects: readonly StateObject[]): KernelState {
  const state = new Map<string, StateObject>();
  for (const object of objects) {
    const key = `${object.kind} ${object.text}`;
    let copy = 1;
    while (state.has(`${key} #${copy}`)) copy += 1;
    state.set(`${key} #${copy}`, object);
  }
  return state;
}

/** Compares two states of one network namespace. */
export function compareStates(before: KernelState, after: KernelState): StateDifference {
  return { added: missingIn(before, after), removed: missingIn(after, before) };
}

function missingIn(state: KernelState, from: KernelState): readonly StateObject[] {
  return [...from].filter(([key]) => !state.has(key)).map(([, object]) => object);
}

export function isSame({ added, removed }: StateDifference): boolean {
  return added.length === 0 && removed.length === 0;
}

/** The object for a message: `the route 10.50.2.0/24 via …`. */
export function describeObject({ kind, name }: StateObject): string {
  return `the ${kind} ${name}`;
}

/** The number of objects that a message names. */
const mostNamed = 3;

/** A difference as clauses for a message: `has the route X, lacks the neighbour Y`. An object that only changed is one of each. */
export function describeDifference({ added, removed }: StateDifference): string {
  const clauses = [
    ...(added.length === 0 ? [] : [`has ${listObjects(added)}`]),
    ...(removed.length === 0 ? [] : [`lacks ${listObjects(removed)}`]),
  ];
  return clauses.join(', and ');
}

function listObjects(objects: readonly StateObject[]): string {
  const named = objects.slice(0, mostNamed).map(describeObject);
  const more = objects.length - named.length;
  return `${named.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

/** The objects in the order in which a lab deletes them: those that others need come last. */
export function inDeletionOrder(objects: readonly StateObject[]): readonly StateObject[] {
  return objectKinds.flatMap((kind) => objects.filter((object) => object.kind === kind));
}

/** The objects that mention a word, such as an address that a peer does not have any more. */
export function mentioning(state: KernelState, word: string): readonly StateObject[] {
  const boundary = '(?![0-9A-Za-z.:])';
  const pattern = new RegExp(`(?<![0-9A-Za-z.:])${escapePattern(word)}${boundary}`, 'i');
  return [...state.values()].filter(({ text }) => pattern.test(text));
}

function escapePattern(word: string): string {
  return word.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
