/** `switched`: every node on one segment. `routed`: a segment for each node, joined by a router. */
export type UnderlayKind = 'switched' | 'routed';
export const underlays = ['switched', 'routed'] as const satisfies readonly UnderlayKind[];

/** The kinds of store that a lab can host. `files` needs nothing; `etcd` is a server on a host of its own. */
export const labStoreKinds = ['files', 'etcd'] as const;
export type LabStoreKind = (typeof labStoreKinds)[number];

/** How many nodes a lab may have. */
export const nodeBounds = { minimum: 1, maximum: 50 } as const;

/** The name of a lab that was not given one, and of the lab that a verb is for where none is named. */
export const defaultLabName = 'default';

/** How a lab's name is given to a verb: not at all, if it is the default. */
export function nameArgument(name: string): string {
  return name === defaultLabName ? '' : ` --name ${name}`;
}
