import type { ParameterOverride } from '../../recipe/parameters.ts';
import type { StoreChoice } from '../../store/kind.ts';
import type { InterfaceWishes } from '../../host/interface/choose-interface.ts';
import type { TrafficWishes } from '../../traffic/rule.ts';

/** The options of `heddle up`, with every default filled in. */
export interface UpOptions {
  /** A path, or the name of a recipe; undefined to go by the type that the store's network configuration names. */
  readonly recipe: string | undefined;
  /** The values that the operator gave to parameters. */
  readonly parameters: readonly ParameterOverride[];
  /** The names of the daemon's variables that commands get, besides the usual ones and those that the recipe names. */
  readonly passEnvironment: readonly string[];
  /** Follow the recipe file, and change to what is saved there. */
  readonly watch: boolean;
  readonly store: StoreChoice;
  /** Run the commands that stand in the store's network configuration, when no recipe is given. */
  readonly trustStoreCommands: boolean;
  /** Bring up a network that overlaps a route or an address of this host. */
  readonly allowOverlap: boolean;
  readonly stateDirectory: string;
  readonly subnetFile: string;
  readonly interface: Omit<InterfaceWishes, 'families'>;
  readonly nodeName: string;
  readonly leaseTtlSeconds: number;
  readonly renewMarginSeconds: number;
  /** How often CheckCommand is run when nothing else asks for it. */
  readonly checkIntervalSeconds: number;
  /** How often every peer is probed; undefined to probe only on request. */
  readonly probeIntervalSeconds: number | undefined;
  /** The rules for masquerading and forwarding, and how often their presence is checked. */
  readonly traffic: TrafficWishes;
  readonly trafficResyncSeconds: number;
  readonly onExit: ExitMode;
  readonly releaseLease: boolean;
  /** Where metrics are served, if anywhere. */
  readonly metricsAddress: MetricsAddress | undefined;
}

/** Where metrics are served. */
export interface MetricsAddress {
  /** An IP address; undefined for all of this machine's. */
  readonly host: string | undefined;
  readonly port: number;
}

/** The handling of the network when the daemon ends. */
export const exitModes = ['shutdown', 'leave'] as const;
export type ExitMode = (typeof exitModes)[number];
