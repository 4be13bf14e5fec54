import type { StoreKind } from '../../store/kind.ts';
import type { Changes } from '../inside/changes.ts';
import type { FaultTarget } from '../inside/faults.ts';
import type { LabStore } from '../plan/lab-store.ts';
import type { HostPlan } from '../plan/topology.ts';
import type { HostStatus, LabSpec } from '../protocol.ts';

/** The place of a store in a lab. */
export interface StorePlace {
  /** The host of the store's server on the underlay; undefined if the kind does not have a server. */
  readonly host: HostPlan | undefined;
  /** Whether the server requires certificates. */
  readonly tls: boolean;
}

/** The program that serves a store, on a host of its own. */
interface StoreServer extends FaultTarget {
  status(): HostStatus;
}

/** The leases of a store, as the lab itself writes them. */
export interface HostedLeases {
  /** Lists the keys of all leases: `10.50.4.0-24`. */
  keys(): Promise<readonly string[]>;
  /** Writes a lease that never expires. `value` is flannel's JSON. */
  put(key: string, value: string): Promise<void>;
  /** Deletes a lease. */
  remove(key: string): Promise<void>;
}

/** A store that runs in a lab. */
export interface HostedStore {
  /** The server; undefined if the store does not have one. */
  readonly server: StoreServer | undefined;
  /** Replaces the network configuration. */
  writeNetwork(document: string): Promise<void>;
  /** The leases; undefined if the lab does not write them, because they are more than a value (`StoreHosting.takesLeases`). */
  readonly leases: HostedLeases | undefined;
}

/**
 * How a lab hosts one kind of store. To let a lab host another kind, write this in a file of its own and list it in
 * `hostings.ts`. The command line loads it, so its functions load what they need.
 */
export interface StoreHosting {
  readonly kind: StoreKind;
  /** The name of the host of the store's server: `etcd`. Undefined if the store does not have a server. */
  readonly serverName: string | undefined;
  /** Whether the store assigns a subnet to each node, so that the lab has to say which (`LabSpec.podCidrs`). */
  readonly assignsSubnets: boolean;
  /** Whether a scenario can write leases. */
  readonly takesLeases: boolean;
  /** Whether the server can require certificates (`--tls`). */
  readonly canRequireCertificates: boolean;
  /** The programs that the machine must have. */
  programs(tls: boolean): readonly string[];
  /** Checks what else the machine must have. Throws a Failure of kind `prerequisite`. */
  check?(): Promise<void>;
  /** The values of the kind's options that a node gets, by their names in `kind.options`. */
  values(place: StorePlace): Readonly<Record<string, string>>;
  /** The options by which flanneld finds the store; absent if flanneld does not have such a store. */
  flanneldOptions?(place: StorePlace): readonly string[];
  /** The variables of tools other than heddle. */
  toolVariables(place: StorePlace): Readonly<Record<string, string>>;
  /**
   * Starts the store in the lab, with the network configuration if nodes wait for one. Throws a Failure.
   *
   * @param onStep called with a clause for each step that takes long
   */
  start(
    place: StorePlace,
    spec: LabSpec,
    changes: Changes,
    onStep: (step: string) => void,
  ): Promise<HostedStore>;
}

/** The options and variables of a store, from the descriptor of its kind. */
export function planLabStore(hosting: StoreHosting, place: StorePlace): LabStore {
  const { name: kind, options: known } = hosting.kind;
  const options: Record<string, string> = {};
  const variables: Record<string, string> = { HEDDLE_STORE: kind };
  for (const [key, value] of Object.entries(hosting.values(place))) {
    const option = known[key];
    if (option === undefined) throw new Error(`the store kind ${kind} does not have an option ${key}`);
    options[option.name] = value;
    if (option.variable !== undefined) variables[option.variable] = value;
  }
  return { kind, options, variables: { ...variables, ...hosting.toolVariables(place) } };
}
