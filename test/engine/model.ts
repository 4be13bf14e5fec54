import { Engine } from '../../src/engine/engine.ts';
import type { Abilities } from '../../src/engine/state.ts';
import type { EngineInput, Operation, Wait } from '../../src/engine/operation.ts';
import type { Peer } from '../../src/lease/lease.ts';

/** A kernel whose entries are keyed as a kind of recipe keys them, and which answers as that recipe's commands would. */
export interface ModelKernel {
  /** Runs a command; false is a failing exit status. */
  run(operation: Operation): boolean;
  /** What CheckCommand would print. */
  present(): Set<string>;
  /** Everything there is, comparable with `wanted`. */
  dump(): string[];
}

/** How the peers of a test would stand in the kernel. */
const describePeer = (peer: Peer): string =>
  `${peer.subnet ?? ''} via ${peer.publicIp ?? ''} ${peer.stdin.trim()}`;

/** A recipe whose commands may be repeated: entries are replaced, removing what is absent succeeds. */
export function repeatableKernel(): ModelKernel & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    run({ kind, peer }) {
      if (kind === 'add') entries.set(peer.subnet ?? '', describePeer(peer));
      else entries.delete(peer.subnet ?? '');
      return true;
    },
    present: () => new Set(entries.keys()),
    dump: () => [...entries.values()].sort(),
  };
}

/** A recipe of flannel's own kind: `ip route add` fails on what exists, `ip route del` on what does not. */
export function touchyKernel(): ModelKernel {
  const entries = new Map<string, string>();
  return {
    run({ kind, peer }) {
      const subnet = peer.subnet ?? '';
      if (kind === 'remove') return entries.delete(subnet);
      if (entries.has(subnet)) return false;
      entries.set(subnet, describePeer(peer));
      return true;
    },
    present: () => new Set(entries.keys()),
    dump: () => [...entries.values()].sort(),
  };
}

/** wireguard's kind: a peer is its key, whatever subnet it has; removing an old subnet's peer removes the key. */
export function keyedKernel(): ModelKernel {
  const peers = new Map<string, Peer>();
  return {
    run({ kind, peer }) {
      if (kind === 'add') peers.set(peer.stdin, peer);
      else peers.delete(peer.stdin);
      return true;
    },
    present: () => new Set([...peers.values()].map((peer) => peer.subnet ?? '')),
    dump: () => [...peers.values()].map(describePeer).sort(),
  };
}

/** How a run fails: not at all, before its command begins, or before or after its command had its effect. */
export type Trouble = 'none' | 'unbegun' | 'before' | 'after';

/** An engine on a model kernel, with a journal that survives crashes. */
export class Simulation {
  readonly kernel: ModelKernel;
  readonly #abilities: Abilities;
  readonly journal = new Map<string, Peer>();
  /** What the journal had for the peer of an add before it. */
  readonly #journalBefore = new Map<Operation, Peer | undefined>();
  readonly wanted = new Map<string, Peer>();
  engine: Engine;
  running: Operation[] = [];
  /** Batches on their way, at most one. */
  batches: Operation[][] = [];
  /** Those of `running` whose command sleeps for ever. */
  hung = new Set<Operation>();
  /** Those of `running` whose command has had its effect, with its answer, and goes on. */
  acted = new Map<Operation, boolean>();
  waits: Wait[] = [];
  #seen: { readonly since: number; readonly present: ReadonlySet<string> } | undefined;
  /** Every run there was, for tests that count. */
  log: string[] = [];

  constructor(kernel: ModelKernel, abilities: Abilities) {
    this.kernel = kernel;
    this.#abilities = abilities;
    this.engine = new Engine(abilities);
    this.feed({ kind: 'snapshot', peers: [] });
  }

  feed(input: EngineInput): void {
    this.waits.push(...this.engine.feed(input));
    this.take();
  }

  take(): void {
    const batch = this.batches.length === 0 ? this.engine.takeBatch(100) : [];
    if (batch.length > 0) this.batches.push(batch);
    const singles = this.engine.take(3 - this.running.length);
    const earlier = [
      ...this.running,
      ...this.batches.slice(0, -1).flat(),
      ...(batch.length > 0 ? [] : this.batches.flat()),
    ];
    for (const operation of [...batch, ...singles]) {
      if (earlier.some((other) => other.peer.key === operation.peer.key)) {
        throw new Error(`two operations at once for ${operation.peer.key}`);
      }
      earlier.push(operation);
      if (operation.kind !== 'add') continue;
      this.#journalBefore.set(operation, this.journal.get(operation.peer.key));
      this.journal.set(operation.peer.key, operation.peer);
    }
    this.running.push(...singles);
  }

  /** Ends the running batch. Without trouble each line has its effect; otherwise those before the one at this index have. */
  endBatch(index: number, trouble: Trouble = 'none'): void {
    const batch = this.batches.shift();
    if (batch === undefined) return;
    if (trouble === 'unbegun') {
      for (const operation of batch) this.#postpone(operation);
      this.take();
      return;
    }
    const failing = trouble === 'none' ? batch.length : index % batch.length;
    const ran = batch.slice(0, trouble === 'after' ? failing + 1 : failing);
    const worked = ran.map((operation) => this.kernel.run(operation));
    if (trouble !== 'none' || worked.includes(false)) {
      this.log.push(`batch of ${batch.length} failed`);
      this.engine.returned(batch);
    } else {
      this.log.push(`batch of ${batch.length}`);
      for (const operation of batch) {
        this.waits.push(...this.engine.feed({ kind: 'succeeded', operation }));
        this.#clear(operation.peer.key);
      }
    }
    this.take();
  }

  /** The command of an operation does not begin, for example because the journal cannot be written. */
  #postpone(operation: Operation): void {
    if (operation.kind === 'add') {
      const before = this.#journalBefore.get(operation);
      if (before === undefined) this.journal.delete(operation.peer.key);
      else this.journal.set(operation.peer.key, before);
    }
    this.waits.push(...this.engine.feed({ kind: 'not-run', operation, jitter: 0.5 }));
    this.#clear(operation.peer.key);
  }

  #clear(key: string): void {
    const entry = this.engine.entries.get(key);
    if (entry === undefined || entry.applied.kind === 'absent') this.journal.delete(key);
  }

  /** Ends the running operation at this index, unless it hangs. `trouble` makes it fail, before or after it had its effect. */
  end(index: number, trouble: Trouble = 'none'): void {
    const operation = this.running[index % Math.max(1, this.running.length)];
    if (operation !== undefined && !this.hung.has(operation)) this.#end(operation, trouble);
  }

  /** Has the running operation at this index sleep for ever. */
  hang(index: number): void {
    const operation = this.running[index % Math.max(1, this.running.length)];
    if (operation !== undefined) this.hung.add(operation);
  }

  /** Has the running operation at this index have its effect, long before it ends. */
  act(index: number): void {
    const operation = this.running[index % Math.max(1, this.running.length)];
    if (operation !== undefined) this.#effect(operation);
  }

  /** The running operation at this index runs for longer than anybody has patience. */
  lag(index: number): void {
    const operation = this.running[index % Math.max(1, this.running.length)];
    if (operation !== undefined) this.feed({ kind: 'overdue', operation });
  }

  #effect(operation: Operation): boolean {
    const answer = this.acted.get(operation) ?? this.kernel.run(operation);
    this.acted.set(operation, answer);
    return answer;
  }

  /** Ends what hangs, as its timeout would: it may have had its effect by then, or not. */
  timeOut(trouble: 'before' | 'after'): void {
    for (const operation of this.hung) this.#end(operation, trouble);
    this.hung.clear();
  }

  #end(operation: Operation, trouble: Trouble): void {
    this.running.splice(this.running.indexOf(operation), 1);
    if (trouble === 'unbegun' && !this.acted.has(operation)) {
      this.#postpone(operation);
      this.take();
      return;
    }
    this.log.push(`${operation.kind} ${operation.peer.key} (${operation.reason})`);
    const worked = trouble !== 'before' && this.#effect(operation) && trouble === 'none';
    this.acted.delete(operation);
    this.feed(worked ? { kind: 'succeeded', operation } : { kind: 'failed', operation, jitter: 0.5 });
    this.#clear(operation.peer.key);
    this.take();
  }

  put(peer: Peer): void {
    this.wanted.set(peer.key, peer);
    this.feed({ kind: 'put', peer });
  }

  delete(key: string): void {
    this.wanted.delete(key);
    this.feed({ kind: 'delete', key });
  }

  /**
   * The process dies. Of what ran, or stood in the journal and was about to run, some had its effect: a bit of `effects`
   * for each. A new process starts from the journal.
   */
  crash(effects: number): void {
    for (const [index, operation] of this.running.entries())
      if ((effects & (1 << index)) !== 0) this.#effect(operation);
    for (const operation of this.batches.flat().slice(0, effects)) this.kernel.run(operation);
    this.running = [];
    this.batches = [];
    this.hung.clear();
    this.acted.clear();
    this.#seen = undefined;
    this.waits = [];
    this.engine = new Engine(this.#abilities);
    this.feed({ kind: 'restore', peers: [...this.journal.values()] });
    if (this.#abilities.repeatable) this.check();
    this.feed({ kind: 'snapshot', peers: [...this.wanted.values()] });
  }

  /** The process is told to leave: it waits for what runs, and the next one starts from the journal. */
  restart(): void {
    this.timeOut('before');
    const { running } = this;
    for (const operation of [...running]) this.#end(operation, 'none');
    this.endBatch(0);
    this.crash(0);
  }

  check(): void {
    this.look();
    this.tell();
  }

  /** CheckCommand reads the kernel … */
  look(): void {
    this.#seen = { since: this.engine.checkpoint, present: this.kernel.present() };
  }

  /** … and its answer comes, perhaps much later. */
  tell(): void {
    if (this.#seen !== undefined) this.engine.checked(this.#seen.present, this.#seen.since);
    this.#seen = undefined;
    this.take();
  }

  due(): void {
    const waits = this.waits;
    this.waits = [];
    for (const { key, attempt } of waits) this.feed({ kind: 'due', key, attempt });
  }

  /** Lets everything succeed from here on, until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < 1000; round += 1) {
      this.timeOut('before');
      while (this.running.length > 0 || this.batches.length > 0) {
        this.end(0);
        this.endBatch(0);
      }
      if (this.waits.length === 0 && this.engine.isSettled) return;
      this.due();
    }
    throw new Error('never settled');
  }

  get wantedDump(): string[] {
    return [...this.wanted.values()].map(describePeer).sort();
  }
}

/** Peer `subnet` (0–7) held by `node` (0–7) in one of a few versions. */
export function makeModelPeer(subnet: number, node: number, version: number): Peer {
  return {
    key: `10.0.${subnet}.0-24`,
    subnet: `10.0.${subnet}.0/24`,
    ipv6Subnet: undefined,
    publicIp: `192.168.0.${node}`,
    publicIpv6: undefined,
    stdin: `key-${node}-${version}\n`,
    fields: {},
  };
}
