import type { CompileMode } from '../../compile/compile-mode.ts';
import type { ParameterOverride } from '../../recipe/parameters.ts';
import type { StoreChoice } from '../../store/kind.ts';
import type { InterfaceWishes } from '../../host/interface/choose-interface.ts';
import type { ChainSuffix, TrafficWishes } from '../../traffic/rule.ts';

/** The options of `heddle up`, with every default filled in. */
export interface UpOptions {
  /** A path, or the name of a recipe; undefined to use the type in the store's network configuration. */
  readonly recipe: string | undefined;
  /** A directory of recipes, from which the type in the store's network configuration selects one; undefined for none. Not with `recipe`. */
  readonly recipeDirectory: string | undefined;
  /** The values that the operator gave to parameters. */
  readonly parameters: readonly ParameterOverride[];
  /** The names of the daemon's variables that commands get, in addition to the usual ones and those that the recipe names. */
  readonly passEnvironment: readonly string[];
  /** Whether the node follows the recipe file, and changes to each saved version. */
  readonly watch: boolean;
  readonly store: StoreChoice;
  /** Whether the node runs commands from the store's network configuration, when no recipe is given. */
  readonly trustStoreCommands: boolean;
  /** Whether the network may overlap a route or an address of this host. */
  readonly allowOverlap: boolean;
  readonly compile: CompileMode;
  readonly stateDirectory: string;
  readonly subnetFile: string;
  readonly interface: Omit<InterfaceWishes, 'families'>;
  readonly nodeName: string;
  readonly leaseTtlSeconds: number;
  readonly renewMarginSeconds: number;
  /** The interval between runs of CheckCommand that nothing else requested. */
  readonly checkIntervalSeconds: number;
  /** The interval between probes of every peer; undefined to probe only on request. */
  readonly probeIntervalSeconds: number | undefined;
  /** The rules for masquerading and forwarding, and the interval between checks of them. */
  readonly traffic: TrafficWishes;
  readonly trafficResyncSeconds: number;
  readonly chainSuffix: ChainSuffix;
  /** Whether packets to addresses of this node's subnet that no pod has are dropped (`--ip-blackhole-route`). */
  readonly blackholeRoute: boolean;
  /** The list for the container runtime; undefined for none. */
  readonly cniList: CniListWishes | undefined;
  readonly onExit: ExitMode;
  readonly releaseLease: boolean;
  /** The address where metrics are served; undefined for none. */
  readonly metricsAddress: ListenAddress | undefined;
  /** The address of loopback where a page to look at is served; undefined for none. */
  readonly page: ListenAddress | undefined;
  /** The server for probes of liveness and readiness; undefined for none. */
  readonly healthz: HealthzServer | undefined;
}

/** The CNI list that heddle installs. */
interface CniListWishes {
  /** The directory of the container runtime, for example /etc/cni/net.d. */
  readonly directory: string;
  /** The list that is installed, or rendered. */
  readonly templateFile: string;
  /** Whether the entries of flannel's plugin are rendered for this node. */
  readonly render: boolean;
}

interface HealthzServer {
  readonly address: ListenAddress;
  /** Whether it serves the metrics, too. */
  readonly withMetrics: boolean;
}

/** The address of a server. */
export interface ListenAddress {
  /** An IP address; undefined for all addresses of this machine. */
  readonly host: string | undefined;
  readonly port: number;
}

/** The handling of the network when the daemon ends. */
export const exitModes = ['shutdown', 'leave'] as const;
export type ExitMode = (typeof exitModes)[number];
