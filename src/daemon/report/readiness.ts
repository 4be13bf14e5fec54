import type { PartSight } from '../network/part-keeper.ts';

/** A part of a check, as a probe names it. */
export interface CheckPart {
  readonly name: string;
  /** The reason why it is not in order, as a clause; undefined if it is. */
  readonly trouble: string | undefined;
  /** Whether the check fails with this part. */
  readonly isRequired: boolean;
}

/** The facts that readiness depends on. */
interface ReadinessFacts {
  /** The state of the node, with the reason or the thing that it waits for: `starting: waits for …` */
  readonly headline: string;
  readonly isDegraded: boolean;
  /** The network; undefined until its device is up. */
  readonly network: NetworkReadiness | undefined;
  /** The names of the parts of a network. */
  readonly partNames: readonly string[];
  /** The reason why the store cannot be reached; undefined if it can. */
  readonly storeTrouble: string | undefined;
}

interface NetworkReadiness {
  /** Whether every part was whole at one time. */
  readonly isReady: boolean;
  /** The reason why the lease does not count any more; undefined if it does. */
  readonly leaseTrouble: string | undefined;
  readonly parts: readonly PartSight[];
}

/** Judges whether the node can serve pods. Peers that fail and a store that is away do not count, because packets to the others flow. */
export function judgeReadiness(facts: ReadinessFacts): readonly CheckPart[] {
  const { headline, isDegraded, network, partNames, storeTrouble } = facts;
  const startTrouble = network?.isReady === true ? undefined : headline;
  const leaseTrouble = network === undefined ? 'not taken yet' : network.leaseTrouble;
  return [
    { name: 'start', trouble: startTrouble, isRequired: true },
    { name: 'lease', trouble: leaseTrouble, isRequired: true },
    ...(network?.parts.map(checkPart) ?? partNames.map(absentPart)),
    { name: 'store', trouble: storeTrouble, isRequired: false },
    { name: 'state', trouble: isDegraded ? headline : undefined, isRequired: false },
  ];
}

/** Whether a check passes. */
export function isPassed(parts: readonly CheckPart[]): boolean {
  return parts.every(({ trouble, isRequired }) => trouble === undefined || !isRequired);
}

function absentPart(name: string): CheckPart {
  return { name, trouble: 'not up yet', isRequired: true };
}

function checkPart({ part, state, because, retryInMs }: PartSight): CheckPart {
  switch (state) {
    case 'absent':
      return absentPart(part);
    // After a repair, traffic flows unless the next look finds otherwise.
    case 'whole':
    case 'repaired':
      return { name: part, trouble: undefined, isRequired: true };
    case 'broken':
      // A part that has nothing to try again is whole, but some peers in it are not.
      return { name: part, trouble: because, isRequired: retryInMs !== undefined };
  }
}
