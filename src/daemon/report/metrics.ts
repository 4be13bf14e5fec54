import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EmitEvent, HeddleEvent } from '../../event/event.ts';
import { eventNames } from '../../event/level.ts';
import type { LoopHealth } from '../health/vital.ts';
import { concernKinds, measuredOperations, nodeStates, type MeasuredOperation } from './label-values.ts';
import { addProcessGauges } from './process-gauges.ts';
import { isPassed, type CheckPart } from './readiness.ts';
import type { NodeStatus } from './status.ts';

/** The most rejected leases that are named, each with its reason, because other machines decide how many there are. */
const mostNamed = 100;

/** The most failing peers that are named, each as a label, for the same reason. */
const mostFailing = 100;

/** The buckets of durations, in seconds. A command takes a few milliseconds; a batch of thousands takes some tenths of a second. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The health of a daemon, for its metrics. */
interface MeasuredHealth {
  readonly loops: () => readonly LoopHealth[];
  readonly readiness: () => readonly CheckPart[];
}

/**
 * Counts the events of a daemon, and prints them with its state in Prometheus' text format. Label values may hold text from other machines:
 * the format escapes them.
 */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #readStatus: () => NodeStatus | undefined;
  #status: NodeStatus | undefined;
  readonly #events: Counter<'event'>;
  readonly #durations: Histogram<'operation'>;

  constructor(readStatus: () => NodeStatus | undefined, health?: MeasuredHealth) {
    this.#readStatus = readStatus;
    this.contentType = this.#registry.contentType;
    const registers = [this.#registry];
    this.#events = new Counter({
      name: 'heddle_events_total',
      help: 'The number of events, by the names in docs/operations.md.',
      labelNames: ['event'],
      registers,
    });
    for (const event of eventNames) this.#events.inc({ event }, 0);
    this.#durations = new Histogram({
      name: 'heddle_operation_seconds',
      help: 'The duration of successful commands for peers, one by one or as a batch.',
      labelNames: ['operation'],
      buckets: durationBuckets,
      registers,
    });
    for (const operation of measuredOperations) this.#durations.zero({ operation });
    this.#addState();
    this.#addPeers();
    this.#addLeases();
    this.#addProbe();
    if (health !== undefined) this.#addHealth(health);
    addProcessGauges(this.#registry);
  }

  /** Counts an event. */
  readonly note: EmitEvent = (event) => {
    this.#events.inc({ event: event.event });
    const operation = operationOf(event);
    if (operation !== undefined) this.#durations.observe({ operation: operation.name }, operation.ms / 1000);
  };

  /** The text of all metrics. The state of the node is read once for all of it. */
  async render(): Promise<string> {
    this.#status = this.#readStatus();
    return this.#registry.metrics();
  }

  #addState(): void {
    this.#addGauge(
      'heddle_state',
      'The state of the node: 1 for the current state.',
      ['state'],
      (gauge, { state: current }) => {
        for (const state of nodeStates) gauge.set({ state }, state === current ? 1 : 0);
      },
    );
    this.#addGauge(
      'heddle_info',
      'What the node runs.',
      ['version', 'node', 'recipe', 'type', 'network'],
      (gauge, status) => {
        const { version, node, recipe, network } = status;
        gauge.set(
          { version, node, recipe: recipe?.name ?? '', type: recipe?.type ?? '', network: network ?? '' },
          1,
        );
      },
    );
    this.#addGauge('heddle_store_up', '1 if the lease store can be reached.', [], (gauge, { storeOutage }) =>
      gauge.set(storeOutage === null ? 1 : 0),
    );
    this.#addGauge('heddle_mtu_bytes', 'The MTU of the overlay.', [], (gauge, { mtu }) => {
      if (mtu !== null) gauge.set(mtu);
    });
  }

  #addHealth({ loops, readiness }: MeasuredHealth): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'heddle_ready',
      help: '1 if the node is ready, as /readyz says.',
      registers,
      collect() {
        this.set(isPassed(readiness()) ? 1 : 0);
      },
    });
    new Gauge({
      name: 'heddle_part_ready',
      help: 'The parts of readiness: 1 for a part that is in order.',
      labelNames: ['part'],
      registers,
      collect() {
        for (const { name, trouble } of readiness()) this.set({ part: name }, trouble === undefined ? 1 : 0);
      },
    });
    new Gauge({
      name: 'heddle_loop_hung',
      help: 'The loops of the daemon: 1 for a loop that hangs, as /healthz says.',
      labelNames: ['loop'],
      registers,
      collect() {
        this.reset();
        for (const { name, hang } of loops()) this.set({ loop: name }, hang === undefined ? 0 : 1);
      },
    });
  }

  #addPeers(): void {
    this.#addGauge('heddle_peers', 'The number of peers, by their state.', ['state'], (gauge, { counts }) => {
      gauge.set({ state: 'wanted' }, counts.wanted);
      gauge.set({ state: 'in_place' }, counts.inPlace);
      gauge.set({ state: 'pending' }, counts.pending);
      gauge.set({ state: 'failing' }, counts.failing);
    });
    this.#addGauge(
      'heddle_peer_failing',
      `The failing peers, at most ${mostFailing} of them.`,
      ['subnet'],
      (gauge, { peers }) => {
        const failing = peers.filter(({ state }) => state === 'failing');
        for (const { subnet } of failing.slice(0, mostFailing)) gauge.set({ subnet }, 1);
      },
    );
    this.#addGauge(
      'heddle_concerns',
      'The number of reasons why packets may not flow, by kind.',
      ['kind'],
      (gauge, { concerns }) => {
        for (const kind of concernKinds) gauge.set({ kind }, 0);
        for (const { kind } of concerns) gauge.inc({ kind }, 1);
      },
    );
    this.#addGauge(
      'heddle_shared_addresses',
      'Public addresses that appear in several leases.',
      [],
      (gauge, { sharedAddresses }) => gauge.set(sharedAddresses.length),
    );
  }

  #addProbe(): void {
    this.#addGauge(
      'heddle_probe_addresses',
      'Addresses of peers that were probed, by result.',
      ['result'],
      (gauge, { probe }) => {
        for (const [result, addresses] of Object.entries(probe?.counts ?? {}))
          gauge.set({ result }, addresses);
      },
    );
    this.#addGauge(
      'heddle_probe_time_seconds',
      'When the last round of probes ended, as Unix time.',
      [],
      (gauge, { probe }) => {
        if (probe !== null) gauge.set(Date.parse(probe.at) / 1000);
      },
    );
  }

  #addLeases(): void {
    this.#addGauge(
      'heddle_lease_expiry_seconds',
      "When this node's lease ends, as Unix time.",
      [],
      (gauge, { lease }) => {
        if (lease?.expiresAt != null) gauge.set(Date.parse(lease.expiresAt) / 1000);
      },
    );
    this.#addGauge('heddle_leases_ignored', 'Leases of other backend types.', [], (gauge, { counts }) =>
      gauge.set(counts.ignored),
    );
    this.#addGauge(
      'heddle_leases_unreachable',
      'Leases of nodes that run another backend type, or another value of a shared parameter.',
      [],
      (gauge, { counts }) => gauge.set(counts.unreachable),
    );
    this.#addGauge(
      'heddle_leases_rejected',
      'Rejected leases: their data is unsafe or invalid.',
      [],
      (gauge, { counts }) => gauge.set(counts.rejected),
    );
    this.#addGauge(
      'heddle_lease_rejected',
      `The rejected leases with the reason, at most ${mostNamed} of them.`,
      ['key', 'because'],
      (gauge, { rejections }) => {
        for (const { key, because } of rejections.slice(0, mostNamed)) gauge.set({ key, because }, 1);
      },
    );
  }

  /** Adds a gauge that is read from the status on each request. A label that `read` does not set has no value. */
  #addGauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: (gauge: Gauge<Label>, status: NodeStatus) => void,
  ): void {
    const status = (): NodeStatus | undefined => this.#status;
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        // Without labels, a reset sets it to 0.
        if (labelNames.length === 0) this.remove();
        const now = status();
        if (now !== undefined) read(this, now);
      },
    });
  }
}

function operationOf(
  event: HeddleEvent,
): { readonly name: MeasuredOperation; readonly ms: number } | undefined {
  switch (event.event) {
    case 'peer-added':
      return { name: 'add', ms: event.durationMs };
    case 'peer-removed':
      return { name: 'remove', ms: event.durationMs };
    case 'batch-applied':
      return { name: 'batch', ms: event.durationMs };
    default:
      return undefined;
  }
}
