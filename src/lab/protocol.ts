import type { LabStore } from './plan/lab-store.ts';
import type { Topology } from './plan/topology.ts';
import type {
  LabFailure,
  LabReport,
  LabTrouble,
  NodeReport,
  PairReport,
  NodeRecipeChange,
} from './report/report.ts';
import type { ParameterOverride } from '../recipe/parameters.ts';

/** Where a lab keeps its things, all on a tmpfs in its own mount namespace. */
export const labRoot = '/run/lab';
export const controlSocket = `${labRoot}/control.sock`;
/** Bound into each node at {@link nodeShare}. */
export const sharedDirectory = `${labRoot}/shared`;

/** The author's recipe as a watched lab hands it to its nodes: what lies at the same path inside a node. */
export function pathInShare(recipePath: string): string {
  return sharedDirectory + nodeRecipe(recipePath).slice(nodeShare.length);
}

/** Where nodes of a watched lab read their recipe: the author's own file may lie where the lab sees no changes. */
export function nodeRecipe(recipePath: string): string {
  return `${nodeShare}/recipe/${recipePath.slice(recipePath.lastIndexOf('/') + 1)}`;
}

/** Inside a node. */
export const nodeShare = '/run/lab';
export const nodeStateDirectory = '/run/heddle';
export const nodeSubnetFile = '/run/flannel/subnet.env';
export const nodePrograms = `${nodeShare}/bin`;

/** A directory for each host. */
export const hostsDirectory = `${labRoot}/nodes`;

/** The directory that a host sees as `/run`, as a path for the lab's own processes. */
export function runDirectoryOf(host: string): string {
  return `${hostsDirectory}/${host}/run`;
}

/** The stdout and stderr of a host's program, as they came. */
export function logFileOf(host: string): string {
  return `${hostsDirectory}/${host}/daemon.log`;
}

/** A path below a host's `/run`, as a path for the lab's own processes. */
export function pathInLab(host: string, path: string): string {
  return runDirectoryOf(host) + path.slice('/run'.length);
}

/** Where etcd keeps its data, and a socket that it listens on besides. */
export const etcdDirectory = '/run/etcd';
/** etcd insists on a name like that of a host and a port. */
export const etcdSocketName = 'lab:1';

/** Everything the inside of a lab needs to know; the first line on its stdin. */
export interface LabSpec {
  readonly name: string;
  /** `run` probes, takes down and reports; `up` stays; `watch` stays with who started it, and takes {@link RecipeOrder}s. */
  readonly purpose: 'run' | 'up' | 'watch';
  /** The checked recipe: its text, and the absolute path under which nodes read it. */
  readonly recipe: {
    readonly name: string;
    readonly path: string;
    readonly text: string;
    /** Whether the recipe has a ShutdownCommand. Without one, the devices of its start-up are meant to stay. */
    readonly shutsDown: boolean;
  };
  readonly topology: Topology;
  readonly store: LabStore;
  /** Whether the server of the store requires certificates. */
  readonly tls: boolean;
  /** The network configuration that the lab writes into a store where nodes wait for one. */
  readonly networkDocument: string;
  /** How `heddle` is started: a program and its first arguments. */
  readonly heddle: readonly [string, ...string[]];
  /** For each daemon's `--param`. */
  readonly parameters: readonly ParameterOverride[];
  /** Further options of each daemon's `heddle up`: `--lease-ttl 60`. */
  readonly daemonOptions: readonly string[];
  /** Whether a `run` that failed leaves its daemons running. */
  readonly keepsFailed: boolean;
  /** How long nodes may take to be ready and to know each other. */
  readonly timeoutMs: number;
}

/** A line on the inside's stdin: a recipe that was checked, for every node to run. */
export interface RecipeOrder {
  /** Comes back with the matrix. */
  readonly id: number;
  readonly text: string;
  /** The network configuration that goes with it. */
  readonly networkDocument: string;
}

/** The second and last line on the inside's stdin: the lab may outlive the process that started it. */
export const keepLine = 'keep';

/** The first line on the inside's stdout: its first process runs, so its namespaces were created. */
export const enteredLine = 'entered';

/** The messages from the inside of a lab to the process that started it, one JSON object a line. */
export type LabEvent =
  | { readonly event: 'built'; readonly afterMs: number }
  | { readonly event: 'node-ready'; readonly node: NodeReport; readonly afterMs: number }
  | { readonly event: 'node-failed'; readonly trouble: LabTrouble }
  /** A node's daemon waits for a command that takes long. */
  | { readonly event: 'node-waits'; readonly node: string; readonly what: string }
  | { readonly event: 'overlay-ready'; readonly readyMs: number }
  | { readonly event: 'pair-probed'; readonly pair: PairReport }
  | { readonly event: 'stopping' }
  /** The end of a `run`. */
  | { readonly event: 'report'; readonly report: LabReport; readonly troubles: readonly LabTrouble[] }
  /** The end of the start of an `up`; the inside waits for {@link keepLine}. */
  | {
      readonly event: 'up';
      readonly nodes: readonly NodeReport[];
      readonly readyMs: number | null;
      readonly troubles: readonly LabTrouble[];
    }
  /** How a watched lab stands: at first, and after each recipe that it was given. */
  | {
      readonly event: 'matrix';
      /** Of the order; 0 at first. */
      readonly id: number;
      /** Null at first, and where no node runs what was given. */
      readonly change: NodeRecipeChange | null;
      readonly nodes: readonly NodeReport[];
      readonly pairs: readonly PairReport[];
      /** Why pairs failed, one sentence each. */
      readonly reasons: readonly string[];
      /** Nodes that refused the recipe, or could not bring it up. */
      readonly troubles: readonly LabTrouble[];
      /** Milliseconds until every node ran it. */
      readonly appliedMs: number | null;
    }
  | ({ readonly event: 'failure' } & LabFailure);

/** The state of a watched lab: its nodes, and what its pods reach. */
export type MatrixEvent = Extract<LabEvent, { event: 'matrix' }>;

export type LinkState = 'joined' | 'cut';

/** A host of the lab and the program in it: a node's daemon, or the server of the store. */
export interface HostStatus {
  readonly name: string;
  readonly publicIp: string;
  readonly daemon: 'starting' | 'ready' | 'stopping' | 'stopped' | 'failed';
  /** In the lab's PID namespace; null if the program does not run. */
  readonly pid: number | null;
  readonly link: LinkState;
  /** How the program ended, if it did. */
  readonly ended: string | null;
  /** In the lab's PID namespace: the process whose namespaces are the host's. */
  readonly holderPid: number;
}

/** A node as `lab ps` shows it. */
export type LabNodeStatus = HostStatus & NodeReport;

export const faultVerbs = ['stop', 'kill', 'start', 'cut', 'join'] as const;
export type FaultVerb = (typeof faultVerbs)[number];

/** One JSON line to the control socket, answered by one {@link ControlResponse} line. */
export type ControlRequest =
  | { readonly request: 'status' }
  /** `node` may also be the server of the store: `etcd`. */
  | { readonly request: FaultVerb; readonly node: string };

export type ControlResponse =
  | {
      readonly response: 'status';
      readonly name: string;
      readonly recipe: string;
      readonly store: LabStore;
      /** The server of the store; null if there is none. */
      readonly server: HostStatus | null;
      readonly nodes: readonly LabNodeStatus[];
    }
  | { readonly response: 'done'; readonly message: string }
  | ({ readonly response: 'failure' } & LabFailure);
