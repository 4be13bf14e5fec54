import { Failure } from '../../diagnostic/failure.ts';

/** `switched`: every node on one segment. `routed`: a segment for each node, joined by a router. */
export type UnderlayKind = 'switched' | 'routed';
export const underlays = ['switched', 'routed'] as const satisfies readonly UnderlayKind[];

/** The origin of a lab's underlay: one of the built-in ones, or a file (`--topology`). */
export type TopologyKind = UnderlayKind | 'file';

/** The families of an overlay that a lab verifies. */
export type FamilyChoice = 'IPv4' | 'IPv6' | 'dual';
export const familyChoices = ['IPv4', 'IPv6', 'dual'] as const satisfies readonly FamilyChoice[];

/** The least and the most nodes of a lab. */
export const nodeBounds = { minimum: 1, maximum: 50 } as const;

/** The name of a lab without a given name, for its start and for later verbs. */
export const defaultLabName = 'default';

/** The arguments that give a lab's name to a verb; none for the default name. */
export function nameArgument(name: string): string {
  return name === defaultLabName ? '' : ` --name ${name}`;
}

/** The error for a name that neither a node nor a server of a lab has. `more` ends the hint. */
export function unknownNode(lab: string, name: string, known: readonly string[], more = ''): Failure {
  return new Failure('not-running', `the lab ${lab} does not have a node named ${name}`, {
    hint: `choose one of ${known.join(', ')}${more}`,
  });
}

/** The programs that can bring up the network of a node. */
export const daemonKinds = ['heddle', 'flanneld'] as const;
export type DaemonKind = (typeof daemonKinds)[number];

/**
 * Chooses the nodes that run flanneld at first: those that are named, or the last one of the nodes of the lab, which `known` lists. Throws a
 * {@link Failure} for a name that the lab does not have.
 */
export function chooseFlanneldNodes(
  named: readonly string[] | undefined,
  known: readonly string[],
): readonly string[] {
  const unknown = named?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Failure('usage', `--flanneld-nodes names ${unknown}, which is not a node of the lab`, {
      hint: `choose from ${known.join(', ')}`,
    });
  }
  return named ?? known.slice(-1);
}
