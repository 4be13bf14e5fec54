import type { Level } from '../event/level.ts';
import type { ControlResponse, LinkStatus } from '../lab/protocol.ts';
import type { LabTrouble } from '../lab/report/report.ts';
import type { StepReport } from '../lab/report/scenario-report.ts';
import type { TraceReport } from '../lab/trace/report.ts';
import type { VerifyReport } from '../lab/verify/report.ts';

/** Everything that a page shows, as one JSON document. Times are RFC 3339, durations milliseconds. */
export type PageDocument = LabPage | VerifyPage | NodePage;

interface PageHead {
  readonly title: string;
  /** heddle's version. */
  readonly version: string;
  readonly madeAt: string;
}

/** A lab: a running one, or the last sight of one that was tested. */
export interface LabPage extends PageHead {
  readonly page: 'lab';
  readonly recipe: string;
  /** The option that commands of a shell need to reach the lab, after a space; empty for the lab with the usual name. */
  readonly nameOption: string;
  readonly verdict: PageVerdict;
  /** Whether the lab was taken down before the page was made, so that no command reaches it. */
  readonly isGone: boolean;
  readonly topology: PageTopology;
  /** The same as `lab ps --json`; without nodes if the lab did not come so far. */
  readonly listing: Pick<Extract<ControlResponse, { response: 'status' }>, 'nodes' | 'server' | 'routers'>;
  /** The state of each daemon, as its log says. */
  readonly states: readonly DaemonState[];
  readonly links: readonly LinkStatus[];
  readonly pairs: readonly PagePair[];
  readonly traces: readonly TraceReport[];
  readonly timeline: Timeline;
  readonly failures: readonly CommandFailure[];
  readonly kernels: readonly NodeKernel[];
  readonly troubles: readonly LabTrouble[];
  readonly reasons: readonly string[];
  readonly steps: readonly StepReport[];
}

/** The promises of a recipe. */
export interface VerifyPage extends PageHead {
  readonly page: 'verify';
  readonly verdict: PageVerdict;
  readonly report: VerifyReport;
  /** The lines of the recipe around each broken promise, by `file:line`. */
  readonly frames: Readonly<Record<string, readonly FrameLine[]>>;
}

/** One real node. */
export interface NodePage extends PageHead {
  readonly page: 'node';
  readonly status: PageNode | null;
  readonly timeline: Timeline;
  readonly failures: readonly CommandFailure[];
}

/** The part of a node's status that a page shows. */
export interface PageNode {
  readonly state: string;
  readonly because: string | null;
  readonly node: string;
  /** The facts about the node, by name. Secrets are `***`. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly storeOutage: { readonly because: string; readonly hint: string | null } | null;
  readonly parts: readonly {
    readonly name: string;
    readonly state: string;
    readonly settings: string;
    readonly because: string | null;
  }[];
  readonly peers: readonly {
    readonly subnet: string;
    readonly publicIp: string;
    readonly state: string;
    readonly trouble: string | null;
  }[];
  /** The number of peers, of which `peers` may be only the first. */
  readonly peerCount: number;
  readonly concerns: readonly { readonly about: string; readonly because: string; readonly hint: string }[];
  readonly rejections: readonly { readonly key: string; readonly because: string }[];
}

/** The result of the page; `live` while nothing has been decided. */
export interface PageVerdict {
  readonly kind: 'passed' | 'failed' | 'live';
  readonly text: string;
}

/** The drawing's parts. */
export interface PageTopology {
  readonly segments: readonly { readonly name: string; readonly isCable: boolean }[];
  readonly hosts: readonly PageHost[];
}

export interface PageHost {
  readonly name: string;
  /** `underlay`: the lab's own router. */
  readonly kind: 'node' | 'router' | 'server' | 'underlay';
  /** The segments of its links, with the port of each in the lab's own namespace. */
  readonly links: readonly { readonly name: string; readonly segment: string; readonly port: string }[];
}

/** The state of a node's daemon. */
export interface DaemonState {
  readonly node: string;
  readonly state: string;
  readonly because: string | null;
  readonly since: string;
}

/** The last test from one pod to another. */
export interface PagePair {
  readonly from: string;
  readonly to: string;
  readonly ok: boolean;
  readonly rttMs: number | null;
  /** Whether a packet of the published MTU was answered; null if not tried. */
  readonly mtuPasses: boolean | null;
  readonly reason: string | null;
}

/** The events of all nodes, the oldest first. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  /** The number of older entries that are not shown. */
  readonly omitted: number;
}

export type TimelineKind = 'lease' | 'command' | 'fault' | 'state' | 'other';

export interface TimelineEntry {
  readonly at: string;
  readonly node: string;
  readonly kind: TimelineKind;
  readonly level: Level;
  readonly text: string;
  /** Lines that a command printed; empty without any. */
  readonly detail: string;
  readonly durationMs: number | null;
  /** How a command of the recipe ran; null for other entries. */
  readonly ranBy: 'shell' | 'compiled' | null;
}

/** A command of the recipe that failed. */
export interface CommandFailure {
  readonly node: string;
  readonly command: string;
  /** The peer's subnet; null for a command of the node itself. */
  readonly peer: string | null;
  readonly how: string;
  readonly where: { readonly file: string; readonly line: number } | null;
  readonly frame: readonly FrameLine[];
  readonly stderr: string;
  readonly count: number;
  readonly lastAt: string;
  /** Whether the same command has succeeded since. */
  readonly isOver: boolean;
}

/** A line of a recipe. */
export interface FrameLine {
  readonly number: number;
  readonly text: string;
  readonly isMarked: boolean;
}

/** The parts that a node's kernel has for each peer. */
export interface NodeKernel {
  readonly node: string;
  readonly peers: readonly {
    readonly peer: string;
    /** `route 10.50.2.0/24 …` */
    readonly objects: readonly PageKernelObject[];
  }[];
  /** The objects that belong to no single peer. */
  readonly own: readonly PageKernelObject[];
}

export interface PageKernelObject {
  readonly kind: string;
  readonly name: string;
}
