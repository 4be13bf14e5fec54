import type { FailureKind } from '../../diagnostic/failure.ts';
import type { RecipeStep } from '../../recipe/compare-recipes.ts';
import type { Family } from '../../network/cidr.ts';

/** A node as the report and `lab ps` show it. A value is absent if the node did not get it. */
export interface NodeReport {
  readonly name: string;
  readonly publicIp: string;
  readonly subnet: string | null;
  readonly pod: string | null;
  /** The public IPv6 address. Present if the overlay has both families; an IPv6-only overlay uses `subnet` and `pod`. */
  readonly publicIpv6?: string;
  readonly ipv6Subnet?: string;
  readonly ipv6Pod?: string;
  /** The MTU in the node's subnet file, in bytes. */
  readonly mtu: number | null;
  /** Present if a flanneld runs on the node. */
  readonly program?: 'flanneld';
}

/** The result of the test from one pod to one address of another. */
export interface PathReport {
  readonly family: Family;
  readonly address: string;
  /** The round-trip time of an echo in milliseconds; null if none came back. */
  readonly rttMs: number | null;
  /** Whether 1 MiB each way over TCP arrived unchanged; null if not tried. */
  readonly tcp: boolean | null;
  /** Whether a don't-fragment echo of exactly the published MTU came back; null if not tried. */
  readonly mtuPasses: boolean | null;
  /** Whether an echo of one more byte was refused; null if not tried. */
  readonly oversizeFails: boolean | null;
  /** The reason why the path does not work; absent if it does. */
  readonly reason?: string;
}

export interface PairReport {
  readonly from: string;
  readonly to: string;
  readonly ok: boolean;
  /** The round-trip time of the first family; null if no echo came back. */
  readonly rttMs: number | null;
  /** The reason as one sentence; absent if `ok`. */
  readonly reason?: string;
  readonly paths: readonly PathReport[];
}

/** A Failure in the form in which one process of a lab sends it to another. */
export interface LabFailure {
  readonly kind: FailureKind;
  readonly message: string;
  readonly hint?: string;
  /** Preformatted text: the end of a node's own stderr, or a recipe command's. */
  readonly detail?: string;
}

/** A failure of a node, in addition to the failures of its pairs. */
export interface LabTrouble extends LabFailure {
  readonly node: string;
}

/** The result of a saved recipe on the nodes. */
export interface NodeRecipeChange {
  readonly step: RecipeStep['kind'];
  readonly because: string | null;
}

/** The object that `lab up --json` prints. */
export interface LabUpReport {
  readonly name: string;
  readonly recipe: string;
  /** The time until the lab was ready, as in {@link LabReport}. */
  readonly readyMs: number | null;
  readonly nodes: readonly NodeReport[];
}

/** The object that `lab run --json` prints. */
export interface LabReport {
  readonly recipe: string;
  readonly passed: boolean;
  /** The time from the start of the first daemon until every node was ready and knew every other, in milliseconds; null if never. */
  readonly readyMs: number | null;
  readonly nodes: readonly NodeReport[];
  readonly pairs: readonly PairReport[];
  /** The traces on nodes after their daemons stopped: `node1: link flannel.1 mtu 1450`. */
  readonly leftovers: readonly string[];
  /** The traces that a recipe without ShutdownCommand left. It never promised to remove them. */
  readonly kept: readonly string[];
  /** The reasons why the lab did not pass, one sentence each; empty if it did. */
  readonly reasons: readonly string[];
}
