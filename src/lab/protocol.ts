import type { FailureKind } from '../diagnostic/failure.ts';
import type { Topology } from './plan/topology.ts';
import type { LabReport, LabTrouble, NodeReport, PairReport } from './report.ts';

/** Where a lab keeps its things, all on a tmpfs in its own mount namespace. */
export const labRoot = '/run/lab';
export const controlSocket = `${labRoot}/control.sock`;
/** Bound into each node at {@link nodeShare}. */
export const sharedDirectory = `${labRoot}/shared`;

/** Inside a node. */
export const nodeShare = '/run/lab';
export const nodeStateDirectory = '/run/heddle';
export const nodeSubnetFile = '/run/flannel/subnet.env';
export const nodeStoreDirectory = `${nodeShare}/store`;
export const nodePrograms = `${nodeShare}/bin`;

/** What a node sees as `/run`, as the lab's own processes see it. */
export function runDirectoryOf(node: string): string {
  return `${labRoot}/nodes/${node}/run`;
}

/** The daemon's stdout and stderr as they came. */
export function logFileOf(node: string): string {
  return `${labRoot}/nodes/${node}/daemon.log`;
}

/** Everything the inside of a lab needs to know; the first line on its stdin. */
export interface LabSpec {
  readonly name: string;
  /** `run` probes, takes down and reports; `up` stays. */
  readonly purpose: 'run' | 'up';
  /** The checked recipe: its text, and the absolute path under which nodes read it. */
  readonly recipe: {
    readonly name: string;
    readonly path: string;
    readonly text: string;
    /** It has a ShutdownCommand: without one, what its start-up made is meant to stay. */
    readonly shutsDown: boolean;
  };
  readonly topology: Topology;
  /** How `heddle` is started: a program and its first arguments. */
  readonly heddle: readonly [string, ...string[]];
  /** `K=V` for each daemon's `--param`. */
  readonly parameters: readonly string[];
  /** Further options of each daemon's `heddle up`: `--lease-ttl 60`. */
  readonly daemonOptions: readonly string[];
  /** How long nodes may take to be ready and to know each other. */
  readonly timeoutMs: number;
}

/** The second and last line on the inside's stdin: the lab may outlive the process that started it. */
export const keepLine = 'keep';

/** What the inside of a lab tells the process that started it, one JSON object a line. */
export type LabEvent =
  | { readonly event: 'built'; readonly afterMs: number }
  | { readonly event: 'node-ready'; readonly node: NodeReport; readonly afterMs: number }
  | { readonly event: 'node-failed'; readonly trouble: LabTrouble }
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
  | {
      readonly event: 'failure';
      readonly kind: FailureKind;
      readonly message: string;
      readonly hint?: string;
      readonly detail?: string;
    };

/** A node's daemon as `lab ps` shows it. */
export interface NodeStatus extends NodeReport {
  readonly daemon: 'starting' | 'ready' | 'stopping' | 'stopped' | 'failed';
  /** In the lab's PID namespace; null if no daemon runs. */
  readonly pid: number | null;
  readonly link: 'joined' | 'cut';
  /** How the daemon ended, if it did. */
  readonly ended: string | null;
  /** In the lab's PID namespace: the process whose namespaces are the node's. */
  readonly holderPid: number;
}

export const faultVerbs = ['stop', 'kill', 'start', 'cut', 'join'] as const;
export type FaultVerb = (typeof faultVerbs)[number];

/** One JSON line to the control socket, answered by one {@link ControlResponse} line. */
export type ControlRequest =
  { readonly request: 'status' } | { readonly request: FaultVerb; readonly node: string };

export type ControlResponse =
  | {
      readonly response: 'status';
      readonly name: string;
      readonly recipe: string;
      readonly nodes: readonly NodeStatus[];
    }
  | { readonly response: 'done'; readonly message: string }
  | {
      readonly response: 'failure';
      readonly kind: FailureKind;
      readonly message: string;
      readonly hint?: string;
      readonly detail?: string;
    };
