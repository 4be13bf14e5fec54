import type { DaemonKind } from './plan/request.ts';
import type { FlanneldPlan } from './plan/flanneld.ts';
import type { LabStore } from './plan/lab-store.ts';
import type { PodCidrs } from './plan/pod-cidrs.ts';
import type { ScenarioStep } from './plan/scenario/scenario.ts';
import type { Topology } from './plan/topology.ts';
import type { LinkChange } from './plan/underlay/impairment.ts';
import type {
  LabFailure,
  LabReport,
  LabTrouble,
  NodeReport,
  PairReport,
  NodeRecipeChange,
} from './report/report.ts';
import type { ScenarioReport, StepReport } from './report/scenario-report.ts';
import type { PromiseOutcome } from './plan/outcome.ts';
import type { ParameterOverride } from '../recipe/parameters.ts';

/** The directory of a lab's files, on a tmpfs in the lab's own mount namespace. */
export const labRoot = '/run/lab';
export const controlSocket = `${labRoot}/control.sock`;
/** The directory that is mounted into each node at {@link nodeShare}. */
export const sharedDirectory = `${labRoot}/shared`;

/** The path of the author's recipe in the share of a watched lab; nodes have it at the same path. */
export function pathInShare(recipePath: string): string {
  return sharedDirectory + nodeRecipe(recipePath).slice(nodeShare.length);
}

/** The path where nodes of a watched lab read their recipe. The author's own file may be in a place where the lab sees no changes. */
export function nodeRecipe(recipePath: string): string {
  return `${nodeShare}/recipe/${recipePath.slice(recipePath.lastIndexOf('/') + 1)}`;
}

/** The share's path inside a node. */
export const nodeShare = '/run/lab';
export const nodeStateDirectory = '/run/heddle';
export const nodeSubnetFile = '/run/flannel/subnet.env';
export const nodePrograms = `${nodeShare}/bin`;

/** The parent of each host's own directory. */
export const hostsDirectory = `${labRoot}/nodes`;

/** The directory that a host sees as `/run`, as a path for the lab's own processes. */
export function runDirectoryOf(host: string): string {
  return `${hostsDirectory}/${host}/run`;
}

/** The file with the stdout and stderr of a host's program. */
export function logFileOf(host: string): string {
  return `${hostsDirectory}/${host}/daemon.log`;
}

/** A path below a host's `/run`, as a path for the lab's own processes. */
export function pathInLab(host: string, path: string): string {
  return runDirectoryOf(host) + path.slice('/run'.length);
}

/** The directory of etcd's data, and of an additional socket that etcd listens on. */
export const etcdDirectory = '/run/etcd';
/** The name of the socket. etcd requires the form of a host and a port. */
export const etcdSocketName = 'lab:1';

/** The directory of a host's credentials in a cluster; on the API server's host, of everything that the API server keeps in files. */
export const kubernetesDirectory = '/run/kubernetes';
/** The kubeconfig file of each host: of a node's ServiceAccount, or of the administrator on the API server's host. */
export const kubeconfigFile = `${kubernetesDirectory}/kubeconfig`;

/** The input of the program inside a lab: the first line on its stdin. */
export interface LabSpec {
  readonly name: string;
  /**
   * The purpose of the lab. `run` probes, takes down and reports; `up` stays; `watch` stays with the process that started it, and takes
   * {@link RecipeOrder}s; `verify` tries the recipe's promises and reports.
   */
  readonly purpose: 'run' | 'up' | 'watch' | 'verify';
  /** The ids of the promises that a `verify` tries; otherwise empty. */
  readonly promises: readonly string[];
  /** The checked recipe: its text, and the absolute path under which nodes read it. */
  readonly recipe: {
    readonly name: string;
    readonly path: string;
    readonly text: string;
    /** Whether the text has other families than the file. */
    readonly isVariant: boolean;
    /** Whether the recipe has a ShutdownCommand. Without one, its devices are meant to stay. */
    readonly shutsDown: boolean;
  };
  readonly topology: Topology;
  /** The settings of single nodes, by the node's name. */
  readonly nodeSettings: Readonly<Record<string, NodeSettings>>;
  readonly store: LabStore;
  /** The subnets that the store assigns to each node; empty if nodes take them. */
  readonly podCidrs: PodCidrs;
  /** Whether the server of the store requires certificates. */
  readonly tls: boolean;
  /** The network configuration that the lab writes into a store whose kind makes nodes wait for one. */
  readonly networkDocument: string;
  /** The command that starts `heddle`: a program and its first arguments. */
  readonly heddle: readonly [string, ...string[]];
  /** The parameters for each daemon's `--param`. */
  readonly parameters: readonly ParameterOverride[];
  /** Further options of each daemon's `heddle up`: `--lease-ttl 60`. */
  readonly daemonOptions: readonly string[];
  /** Whether a failed `run` leaves its daemons running. */
  readonly keepsFailed: boolean;
  /** The time that nodes have to be ready and to know each other, in milliseconds. */
  readonly timeoutMs: number;
  /** The flanneld that some nodes run, or may run later. */
  readonly flanneld?: FlanneldPlan;
  /** The steps of a `run` with a scenario. */
  readonly scenario?: ScenarioPlan;
  /** Whether a `run` waits for {@link proceedLine} before it takes the networks down, so that somebody can look inside. */
  readonly waitsForLook?: true;
}

/** The settings of one node in place of, or in addition to, those of the lab. */
interface NodeSettings {
  /** Undefined for the recipe of the lab. */
  readonly recipe: LabSpec['recipe'] | undefined;
  readonly parameters: readonly ParameterOverride[];
}

/** A scenario whose recipes were read and checked. */
export interface ScenarioPlan {
  readonly name: string;
  readonly steps: readonly ScenarioStep[];
  /** The recipes of the steps that change it, in their order. */
  readonly recipes: readonly ChangedRecipe[];
  /** The backend type of leases that do not say another. */
  readonly backendType: string;
  /** Whether a daemon that is stopped leaves its network. */
  readonly leavesNetwork: boolean;
}

/** A recipe that was checked and that every node is to run. */
export interface ChangedRecipe {
  readonly text: string;
  /** The network configuration of the recipe. */
  readonly networkDocument: string;
}

/** A line on the inside's stdin: a recipe for every node. */
export interface RecipeOrder extends ChangedRecipe {
  /** The order's number, which the matrix repeats. */
  readonly id: number;
}

/** Whether the nodes of a lab follow the changes of their recipe. */
export function followsRecipe({ purpose, scenario }: Pick<LabSpec, 'purpose' | 'scenario'>): boolean {
  return purpose === 'watch' || (scenario !== undefined && scenario.recipes.length > 0);
}

/** Whether the nodes of a lab read a copy of the recipe, because the author's own file may change or is a variant. */
export function readsCopy(spec: Pick<LabSpec, 'purpose' | 'scenario' | 'recipe'>): boolean {
  return followsRecipe(spec) || spec.recipe.isVariant;
}

/** The second and last line on the inside's stdin: the lab may outlive the process that started it. */
export const keepLine = 'keep';

/** A line on the inside's stdin: the lab that waits for a look may take its networks down. */
export const proceedLine = 'proceed';

/** The first line on the inside's stdout. The first process runs, so its namespaces exist. */
export const enteredLine = 'entered';

/** The messages from the inside of a lab to the process that started it, one JSON object on each line. */
export type LabEvent =
  /** A step of the store's start that takes long, as a clause. */
  | { readonly event: 'store-step'; readonly step: string }
  | { readonly event: 'built'; readonly afterMs: number }
  | { readonly event: 'node-ready'; readonly node: NodeReport; readonly afterMs: number }
  | { readonly event: 'node-failed'; readonly trouble: LabTrouble }
  /** A node's daemon waits for a command that takes long. */
  | { readonly event: 'node-waits'; readonly node: string; readonly what: string }
  | { readonly event: 'overlay-ready'; readonly readyMs: number }
  | { readonly event: 'pair-probed'; readonly pair: PairReport }
  /** The tests of a `run` have ended, and the lab waits for {@link proceedLine}. */
  | {
      readonly event: 'tested';
      readonly pairs: readonly PairReport[];
      readonly steps: readonly StepReport[];
    }
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
  /** The state of a watched lab: at first, and after each recipe that it received. */
  | {
      readonly event: 'matrix';
      /** The number of the order; 0 at first. */
      readonly id: number;
      /** The change of the nodes; null at first, and if no node runs the recipe. */
      readonly change: NodeRecipeChange | null;
      readonly nodes: readonly NodeReport[];
      readonly pairs: readonly PairReport[];
      /** The reasons why pairs failed, one sentence each. */
      readonly reasons: readonly string[];
      /** The nodes that refused the recipe, or could not bring it up. */
      readonly troubles: readonly LabTrouble[];
      /** The time until every node ran the recipe, in milliseconds. */
      readonly appliedMs: number | null;
    }
  /** A `verify` begins to try a promise. */
  | { readonly event: 'promise-begun'; readonly id: string }
  /** A `verify` has tried a promise. */
  | {
      readonly event: 'promise-tried';
      readonly id: string;
      readonly outcome: PromiseOutcome;
      readonly tookMs: number;
    }
  /** The end of a `verify`. */
  | { readonly event: 'verified' }
  /** The nodes of a scenario are ready. */
  | { readonly event: 'scenario-begun'; readonly readyMs: number; readonly steps: number }
  | { readonly event: 'step-begun'; readonly number: number; readonly text: string }
  | { readonly event: 'step-ended'; readonly step: StepReport }
  /** The end of a `run` with a scenario. */
  | {
      readonly event: 'scenario-report';
      readonly report: ScenarioReport;
      readonly troubles: readonly LabTrouble[];
    }
  | ({ readonly event: 'failure' } & LabFailure);

/** The state of a watched lab: its nodes, and the paths between its pods. */
export type MatrixEvent = Extract<LabEvent, { event: 'matrix' }>;

export type LinkState = 'joined' | 'cut';

/** A host of the lab and the program in it: a node's daemon, or the server of the store. */
export interface HostStatus {
  readonly name: string;
  readonly publicIp: string;
  /** The own addresses on the underlay, those of the main link first. */
  readonly addresses: readonly string[];
  readonly daemon: 'starting' | 'ready' | 'stopping' | 'stopped' | 'failed';
  /** The program's id in the lab's PID namespace; null if the program does not run. */
  readonly pid: number | null;
  readonly link: LinkState;
  /** The way in which the program ended; null if it runs. */
  readonly ended: string | null;
  /** The id of the process that holds the host's namespaces, in the lab's PID namespace. */
  readonly holderPid: number;
}

/** A node as `lab ps` shows it. */
export type LabNodeStatus = HostStatus & NodeReport;

/** A router of a lab. */
export interface RouterStatus {
  readonly name: string;
  readonly addresses: readonly string[];
  /** The id of the process that holds the router's namespaces, in the lab's PID namespace. */
  readonly holderPid: number;
  /** The translation of addresses; null without NAT. */
  readonly nat: {
    readonly interface: string;
    /** The router's addresses outside, each with the address of the node that gets its packets; null if no node does. */
    readonly addresses: readonly { readonly outside: string; readonly inside: string | null }[];
  } | null;
}

/** A link of a lab, with its limits. Null: without that limit. */
export interface LinkStatus {
  /** `node1:eth0` */
  readonly name: string;
  readonly segment: string;
  readonly mtu: number;
  /** `1.5%` */
  readonly loss: string | null;
  /** `10mbit` */
  readonly rate: string | null;
  /** `20ms` */
  readonly delay: string | null;
}

/** A change that somebody made to a running lab. */
export interface FaultRecord {
  /** The time, as RFC 3339. */
  readonly at: string;
  readonly host: string;
  /** A sentence. */
  readonly what: string;
}

export const faultVerbs = ['stop', 'kill', 'start', 'cut', 'join'] as const;
export type FaultVerb = (typeof faultVerbs)[number];

/** One JSON line to the control socket, answered by one {@link ControlResponse} line. */
export type ControlRequest =
  | { readonly request: 'status' }
  /** `target` is a host or a link; null for every link. An empty change only asks. */
  | { readonly request: 'links'; readonly target: string | null; readonly change: LinkChange }
  /** `node` may also be the server of the store: `etcd`, `apiserver`. */
  | {
      readonly request: FaultVerb;
      readonly node: string;
      /** For `start`: the daemon; without it, the same one as before. */
      readonly with?: DaemonKind | undefined;
    };

export type ControlResponse =
  | {
      readonly response: 'status';
      readonly name: string;
      readonly recipe: string;
      readonly store: LabStore;
      /** The server of the store; null if there is none. */
      readonly server: HostStatus | null;
      readonly nodes: readonly LabNodeStatus[];
      readonly routers: readonly RouterStatus[];
      /** The last changes that somebody made to the lab, the oldest first. */
      readonly faults: readonly FaultRecord[];
    }
  | { readonly response: 'links'; readonly links: readonly LinkStatus[] }
  | { readonly response: 'done'; readonly message: string }
  | ({ readonly response: 'failure' } & LabFailure);
