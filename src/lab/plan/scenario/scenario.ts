import type { Json } from '../../../recipe/json/json.ts';
import type { DaemonKind, UnderlayKind } from '../request.ts';
import type { LinkChange } from '../underlay/impairment.ts';

/** The lab of a scenario: what its file says, where the command line does not say otherwise. */
export interface ScenarioLab {
  readonly nodes: number;
  readonly underlay: UnderlayKind;
  /** The name of a kind of store that a lab can host. */
  readonly store: string;
  /** In seconds; undefined for the daemon's own. */
  readonly leaseTtl: number | undefined;
  /** In seconds; undefined for the daemon's own. */
  readonly checkInterval: number | undefined;
  readonly onExit: 'shutdown' | 'leave' | undefined;
  /** The nodes that run flanneld at first; undefined for the usual ones. */
  readonly flanneldNodes: readonly string[] | undefined;
}

/** A file of faults and expectations, read and checked for a lab. */
export interface Scenario {
  /** The file's name without `.json`. */
  readonly name: string;
  readonly description: string | undefined;
  readonly lab: ScenarioLab;
  readonly steps: readonly ScenarioStep[];
}

/** A step with its place in the file. */
export interface ScenarioStep {
  /** The line of the step in the file, from 1. */
  readonly line: number;
  /** The author's own words for the step; undefined without them. */
  readonly title: string | undefined;
  readonly action: StepAction;
}

/** The faults that need only the name of a host. */
type HostFault = 'stop' | 'kill' | 'start' | 'cut' | 'join';

/** The work of a step. */
export type StepAction =
  | { readonly kind: HostFault; readonly host: string }
  /** Starts a daemon on a node, which may be of another kind than before. */
  | { readonly kind: 'start-with'; readonly node: string; readonly program: DaemonKind }
  /** Changes the limits of a link, or of the links of a host. */
  | { readonly kind: 'impair'; readonly link: string; readonly change: LinkChange }
  /** Starts a ping of 100 packets a second from the pod of a node to the pod of another, until the end. */
  | { readonly kind: 'ping'; readonly pair: PodPair }
  | { readonly kind: 'pause'; readonly seconds: number }
  /** Runs a shell command in a place of the lab. `fails`: it must exit with another status than 0. */
  | { readonly kind: 'run'; readonly place: string; readonly command: string; readonly fails: boolean }
  | { readonly kind: 'put-lease'; readonly lease: ScenarioLease }
  /** `subnet` may be a placeholder. */
  | { readonly kind: 'delete-lease'; readonly subnet: string }
  | { readonly kind: 'change-recipe'; readonly change: RecipeChange }
  /** Waits until the condition holds, for at most `seconds`. */
  | { readonly kind: 'wait'; readonly condition: Condition; readonly seconds: number }
  /** The condition holds now. */
  | { readonly kind: 'expect'; readonly condition: Condition };

export type StepKind = StepAction['kind'];

/** The names of two nodes; the first one sends. */
export interface PodPair {
  readonly from: string;
  readonly to: string;
}

/** A lease of a node that does not exist. */
export interface ScenarioLease {
  /** The key of the lease, as flannel writes it: `10.50.77.0-24`. */
  readonly key: string;
  readonly publicIp: string | undefined;
  readonly publicIpv6: string | undefined;
  /** Undefined for the type of the recipe. */
  readonly backendType: string | undefined;
  readonly backendData: Json | undefined;
  readonly backendV6Data: Json | undefined;
}

/** The next recipe of the nodes: another file, or changes of the present one as a JSON Merge Patch (RFC 7396). */
export type RecipeChange =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'merge'; readonly patch: Readonly<Record<string, Json>> };

/** The states that a condition can name: two of `heddle status`, and a program that has ended. */
export type AwaitedState = 'running' | 'degraded' | 'ended';

/** A condition. It holds if all of its parts do. */
export interface Condition {
  /** The pairs of pods of which the first gets answers from the second. */
  readonly reach: readonly PodPair[];
  /** The pairs of pods of which the first does not get an answer. */
  readonly unreachable: readonly PodPair[];
  /** The states of nodes, or of the store's server, by name. */
  readonly states: Readonly<Record<string, AwaitedState>>;
  readonly entries: EntryCondition | undefined;
  readonly lost: LossCondition | undefined;
}

/** Objects in the kernel of a place, each as words of its description; see `findEntry`. */
interface EntryCondition {
  readonly place: string;
  readonly has: readonly string[];
  readonly lacks: readonly string[];
}

/** The most packets that a ping of an earlier step may have lost since that step. The ping is answered again. */
interface LossCondition {
  readonly pair: PodPair;
  readonly atMost: number;
}
