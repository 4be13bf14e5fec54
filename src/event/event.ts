import type { FailureKind } from '../diagnostic/failure.ts';
import type { RecipeStep } from '../recipe/compare-recipes.ts';
import type { CommandName } from '../recipe/recipe.ts';
import type { Concern, ConcernKind } from './concern.ts';
import type { CommandTrouble } from './trouble.ts';

/** The life of a node (docs/architecture.md draws it). */
export type NodeState =
  'starting' | 'pre-startup' | 'leasing' | 'post-startup' | 'running' | 'degraded' | 'stopping' | 'stopped';

/** Why an operation is done. */
export type Reason = 'new' | 'changed' | 'gone' | 'drifted' | 'retry' | 'restart' | 'shutdown';

export interface PeerName {
  /** The lease's key. */
  readonly key: string;
  /** Both subnets of a dual-stack peer, joined by `and`. */
  readonly subnet: string;
  /** The IPv4 address, or the IPv6 address of a peer that has only that. */
  readonly publicIp: string;
  /** The second address of a dual-stack peer. */
  readonly publicIpv6?: string;
}

/** A difference between a shell's run of a peer's command and the compiled one. */
export interface CompileDifference {
  readonly command: CommandName;
  /** The line of the recipe; undefined if the difference is one of the whole command. */
  readonly where: { readonly file: string; readonly line: number } | undefined;
  readonly subnet: string;
  /** A clause. */
  readonly because: string;
}

/** Something that a daemon has waited for for a while. Times in milliseconds. */
export interface LongWait {
  /** A noun: `SubnetAddCommand for 10.50.4.0/24`. */
  readonly what: string;
  readonly forMs: number;
  /** The longest that it can take. */
  readonly limitMs: number;
}

/**
 * Everything that happens in a daemon and that somebody may want to know. Logs, status and metrics are all rendered
 * from this one union. `event` names it in JSON logs.
 */
export type HeddleEvent =
  /** The first event of every log. `options` holds every option in force, by name, without secrets. */
  | {
      readonly event: 'started';
      readonly version: string;
      readonly pid: number;
      readonly options: Readonly<Record<string, string>>;
    }
  | { readonly event: 'state'; readonly from: NodeState; readonly to: NodeState; readonly because?: string }
  /**
   * A signal, or `heddle down`, asks the daemon to stop. The first request stops it. A second signal ends the commands that still run
   * (`hurry`); another request changes nothing.
   */
  | { readonly event: 'stop-asked'; readonly by: string; readonly effect: 'stop' | 'hurry' | 'none' }
  /** Commands, or the store at the end, take long. The longest waits first; `more` counts those that are not named. */
  | { readonly event: 'waiting'; readonly waits: readonly LongWait[]; readonly more: number }
  | {
      readonly event: 'interface-chosen';
      readonly iface: string;
      readonly publicIp: string;
      readonly mtu: number;
      readonly because: string;
    }
  | {
      readonly event: 'network-configured';
      readonly source: string;
      readonly network: string;
      readonly type: string;
    }
  /** The store holds no network configuration, and this node may not write one. It is waited for. */
  | {
      readonly event: 'network-awaited';
      readonly source: string;
      /** Where it is looked for: `the key /coreos.com/network/config in the v3 API of etcd`. */
      readonly place: string;
      /** The likely cause of its absence, as a clause; null if none can be seen. */
      readonly cause: string | null;
      readonly hint: string;
    }
  | {
      readonly event: 'lease-acquired';
      readonly subnet: string;
      readonly publicIp: string;
      readonly how: 'created' | 'reused';
      readonly expiresAt: string;
    }
  /** The public addresses of this node are others than before. Its subnet stays; its lease and its device follow. */
  | { readonly event: 'address-changed'; readonly from: string; readonly to: string; readonly subnet: string }
  | { readonly event: 'lease-renewed'; readonly subnet: string; readonly expiresAt: string }
  | { readonly event: 'lease-lost'; readonly subnet: string; readonly because: string }
  | { readonly event: 'lease-released'; readonly subnet: string }
  | {
      readonly event: 'command-finished';
      readonly command: CommandName;
      readonly durationMs: number;
      readonly stderr: string;
      /** How often in a row it printed this on stderr; given for a command that runs again and again. */
      readonly times?: number;
    }
  | { readonly event: 'command-failed'; readonly trouble: CommandTrouble }
  /** Commands that a daemon which was killed had left running were ended, before anything else was run. */
  | { readonly event: 'orphans-ended'; readonly count: number }
  | {
      readonly event: 'snapshot';
      readonly peers: number;
      readonly ignored: number;
      readonly rejected: number;
    }
  | {
      readonly event: 'peer-added' | 'peer-removed';
      readonly peer: PeerName;
      readonly reason: Reason;
      readonly durationMs: number;
      readonly stderr: string;
      /** Present if the command was compiled, and ran without a shell. */
      readonly compiled?: true;
    }
  | {
      readonly event: 'peer-failed';
      readonly operation: 'add' | 'remove';
      readonly peer: PeerName;
      readonly reason: Reason;
      readonly trouble: CommandTrouble;
      readonly attempt: number;
      readonly retryInMs: number;
    }
  /** CheckCommand did not see what was added, or saw what nobody wants; by subnet. It is being repaired. */
  | { readonly event: 'drift'; readonly missing: readonly string[]; readonly extra: readonly string[] }
  /** Two peers cannot both be in place, because they have a MAC, a key or an address in common. The one that is stays. */
  | {
      readonly event: 'peer-displaced';
      readonly peer: PeerName;
      readonly by: PeerName;
      /** The values that both have: addresses, MAC addresses, keys, or all backend data. */
      readonly shared: readonly string[];
    }
  /** A part of the network is not as it should be, and is about to be repaired. `detail` is ready to be shown. */
  | {
      readonly event: 'part-broken';
      readonly part: string;
      readonly because: string;
      readonly detail: string;
    }
  /** `failures`: the tries that failed before. */
  | { readonly event: 'part-restored'; readonly part: string; readonly failures: number }
  /** A part could not be brought up or repaired. Later tries that fail for the same cause are not told. */
  | {
      readonly event: 'part-failed';
      readonly part: string;
      readonly because: string;
      readonly detail: string;
      readonly retryInMs: number;
    }
  | {
      readonly event: 'monitor-ended';
      readonly how: string;
      readonly stderr: string;
      readonly retryInMs: number;
    }
  /** Something that may keep packets from flowing began, or its text changed. */
  | ({ readonly event: 'concern' } & Concern)
  | { readonly event: 'concern-ended'; readonly kind: ConcernKind; readonly about: string }
  /** With `--compile verify`: a shell did something else than what was compiled. */
  | ({ readonly event: 'compile-difference' } & CompileDifference)
  /** Many peers at once, by SubnetBatchCommand. If there are very many, not all are named; `status` lists each. */
  | {
      readonly event: 'batch-applied';
      readonly addedCount: number;
      readonly removedCount: number;
      readonly added: readonly PeerName[];
      readonly removed: readonly PeerName[];
      readonly durationMs: number;
      readonly stderr: string;
      /** Present if the commands were compiled, and ran without a shell for each. */
      readonly compiled?: true;
    }
  | { readonly event: 'batch-failed'; readonly size: number; readonly trouble: CommandTrouble }
  | { readonly event: 'lease-rejected'; readonly key: string; readonly because: string }
  | { readonly event: 'store-fault'; readonly where: string; readonly because: string }
  | { readonly event: 'store-outage'; readonly because: string; readonly retryInMs: number }
  | { readonly event: 'store-back'; readonly afterMs: number }
  | {
      readonly event: 'ready';
      readonly subnet: string;
      readonly publicIp: string;
      readonly mtu: number;
      readonly peers: number;
      readonly subnetFile: string;
    }
  /** A text was saved that is not run; `findings` is ready to be shown. `revision` names the text: see `recipeRevision`. */
  | {
      readonly event: 'recipe-refused';
      readonly file: string;
      readonly revision: string;
      readonly because: string;
      readonly findings: string;
    }
  /** The saved recipe is now in use. */
  | {
      readonly event: 'recipe-applied';
      readonly file: string;
      readonly revision: string;
      readonly step: RecipeStep['kind'];
      /** The change in it; null if nothing changed. */
      readonly because: string | null;
      readonly durationMs: number;
      readonly findings: string;
    }
  /** The network did not come up with the saved recipe; heddle brings up the last recipe that worked. */
  | {
      readonly event: 'recipe-failed';
      readonly file: string;
      readonly revision: string;
      readonly because: string;
      readonly detail: string;
    }
  /** `remains`: what could not be removed, as a clause; null if nothing of the network is left. */
  | {
      readonly event: 'shutdown-finished';
      readonly removed: number;
      readonly failed: number;
      readonly remains: string | null;
    }
  /** Something odd, but not wrong, in the recipe or in the store's network configuration. */
  | {
      readonly event: 'finding';
      readonly where: { readonly file: string; readonly line: number; readonly column: number };
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
    }
  | { readonly event: 'warning'; readonly message: string }
  /** Events with one cause that the log counted instead of showing each. The log itself creates this event. */
  | {
      readonly event: 'repeated';
      /** The name and the level of the events. */
      readonly of: string;
      readonly severity: 'error' | 'warn' | 'info' | 'debug';
      readonly count: number;
      /** Some of the peers, leases or entries that the events are about. */
      readonly about: readonly string[];
      /** How many there are in all. */
      readonly aboutCount: number;
      /** The time in which the events happened. */
      readonly withinMs: number;
      /** The text of the last one. */
      readonly last: string;
    }
  | {
      readonly event: 'failure';
      readonly kind: FailureKind;
      readonly message: string;
      readonly hint?: string;
    };

/** Where events go. */
export type EmitEvent = (event: HeddleEvent) => void;
