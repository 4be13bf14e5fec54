import { describeCause } from '../../event/causes.ts';
import type { EmitEvent, HeddleEvent } from '../../event/event.ts';
import { explainError } from '../../host/system-error.ts';
import { retries, retryDelay } from '../../time/retry.ts';
import { lookOnce } from './look.ts';
import type { EnsureResult, LiveNetwork, NetworkPart, PartTrouble } from './parts/part.ts';

/**
 * The state of a part. A broken part that comes back is repaired first, and a repaired part is whole once a look confirms that.
 *
 *     absent ──up──▶ whole ⇄ repaired
 *        │             ▲ ╲       │
 *        └──failed──▶ broken ◀───┘
 */
type PartState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'whole' }
  /** The repair was done; the next look shows whether it helped. */
  | { readonly kind: 'repaired'; readonly failures: number; readonly told: Causes }
  /** The part failed this many times in a row. The next try is not before a time on the clock of `performance.now`. */
  | {
      readonly kind: 'broken';
      readonly because: string;
      readonly failures: number;
      readonly notBefore: number;
      readonly told: Causes;
    };

/** The causes of trouble that events have named since the part was whole. Each is named once, because a part is tried again for hours. */
type Causes = ReadonlySet<string>;

const none: Causes = new Set();

/** A part of a running network, for the status. */
export interface PartSight {
  readonly part: string;
  readonly state: PartState['kind'];
  readonly settings: string;
  /** The reason why the part is broken; undefined if it is not. */
  readonly because: string | undefined;
  /** The number of failures in a row. */
  readonly failures: number;
  /** The time until the next try in milliseconds; undefined if none is due. */
  readonly retryInMs: number | undefined;
}

/** A part that does not work. */
export interface BrokenPart {
  readonly part: string;
  readonly because: string;
}

/** The result of bringing the parts up. */
type BringUpResult =
  /** Every part that can be up is up; {@link PartKeeper.broken} names the others. */
  | { readonly kind: 'up' }
  /** A part without which the node does not start failed. */
  | { readonly kind: 'failed'; readonly error: Error };

/** Brings the parts of a network up, keeps them in order, and names the broken ones. */
export class PartKeeper {
  readonly #parts: readonly NetworkPart[];
  readonly #emit: EmitEvent;
  readonly #onChange: () => void;
  readonly #states: Map<string, PartState>;

  /** @param onChange called whenever {@link broken} may have changed */
  constructor(parts: readonly NetworkPart[], emit: EmitEvent, onChange: () => void) {
    this.#parts = parts;
    this.#emit = emit;
    this.#onChange = onChange;
    this.#states = new Map(parts.map(({ name }) => [name, { kind: 'absent' }]));
  }

  get broken(): readonly BrokenPart[] {
    return this.#parts.flatMap(({ name }) => {
      const state = this.#stateOf(name);
      return state.kind === 'broken' ? [{ part: name, because: state.because }] : [];
    });
  }

  /** Every part with its state, in order. */
  describe(network: LiveNetwork): readonly PartSight[] {
    return this.#parts.map((part) => {
      const state = this.#stateOf(part.name);
      const { settings, trouble } = part.describe(network);
      const isBroken = state.kind === 'broken' || (state.kind === 'whole' && trouble !== undefined);
      return {
        part: part.name,
        state: isBroken ? 'broken' : state.kind,
        settings,
        because: state.kind === 'broken' ? state.because : isBroken ? trouble : undefined,
        failures: state.kind === 'broken' || state.kind === 'repaired' ? state.failures : 0,
        retryInMs: state.kind === 'broken' ? Math.max(0, state.notBefore - performance.now()) : undefined,
      };
    });
  }

  /** Whether every part was in order at the last look. */
  get isWhole(): boolean {
    return this.#parts.every(({ name }) => this.#stateOf(name).kind === 'whole');
  }

  /** The time until a broken part is tried again, in milliseconds; undefined if no part is broken. */
  get retryInMs(): number | undefined {
    const times = [...this.#states.values()].flatMap((state) =>
      state.kind === 'broken' ? [Math.max(0, state.notBefore - performance.now())] : [],
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Brings the parts up in their order. After the signal, no further part begins. `onUp` is called for each part that is up. */
  async up(
    network: LiveNetwork,
    onUp: (part: NetworkPart) => Promise<void>,
    signal: AbortSignal,
  ): Promise<BringUpResult> {
    for (const part of this.#parts) {
      if (signal.aborted) break;
      try {
        await part.up(network, signal);
        this.#set(part.name, { kind: 'whole' });
        await onUp(part);
      } catch (error) {
        if (part.isFoundation) return { kind: 'failed', error: asError(error) };
        this.#fail(part.name, { kind: 'absent' }, { because: explainError(error), detail: '' });
      }
    }
    return { kind: 'up' };
  }

  /** Looks after each part that is up or was tried. Returns whether another look should follow at once, because a part was repaired. */
  async ensure(network: LiveNetwork, signal: AbortSignal): Promise<boolean> {
    const look = lookOnce(network, signal);
    for (const part of this.#parts) {
      const state = this.#stateOf(part.name);
      if (state.kind === 'absent') continue;
      let told = toldOf(state);
      const mayRepair = (trouble: PartTrouble): boolean => {
        if (state.kind === 'repaired' || !isDue(state)) return false;
        told = this.#tell({ event: 'part-broken', part: part.name, ...trouble }, told);
        return true;
      };
      const outcome = await part.ensure(network, look, mayRepair, signal);
      // The network goes down, so the result of an ended command is not worth an event.
      if (signal.aborted) return false;
      this.#note(part.name, state, outcome, told);
      // The repair may have removed the parts that come after this one.
      if (outcome.kind === 'repaired') return true;
    }
    return false;
  }

  #note(part: string, before: PartState, outcome: EnsureResult, told: Causes): void {
    const failures = failuresOf(before);
    switch (outcome.kind) {
      case 'whole':
        if (before.kind !== 'whole') this.#emit({ event: 'part-restored', part, failures });
        this.#set(part, { kind: 'whole' });
        return;
      case 'repaired':
        this.#set(part, { kind: 'repaired', failures, told });
        return;
      case 'waiting':
        return;
      case 'broken':
        if (before.kind === 'broken' && !isDue(before)) return;
        this.#fail(part, before, outcome.trouble, told);
    }
  }

  #fail(part: string, before: PartState, trouble: PartTrouble, toldBefore = toldOf(before)): void {
    const failures = failuresOf(before) + 1;
    const retryInMs = retryDelay(failures, Math.random(), retries.part);
    const notBefore = performance.now() + retryInMs;
    const told = this.#tell({ event: 'part-failed', part, ...trouble, retryInMs }, toldBefore);
    this.#set(part, { kind: 'broken', because: trouble.because, failures, notBefore, told });
  }

  /** Emits an event, unless one with this cause is among the told. Returns all that are told then. */
  #tell(event: HeddleEvent, told: Causes): Causes {
    const cause = describeCause(event)?.cause ?? '';
    if (told.has(cause)) return told;
    this.#emit(event);
    return new Set([...told, cause]);
  }

  #stateOf(part: string): PartState {
    return this.#states.get(part) ?? { kind: 'absent' };
  }

  #set(part: string, state: PartState): void {
    this.#states.set(part, state);
    this.#onChange();
  }
}

/** Whether a part may be repaired now. A repair may disturb traffic, so one that did not help is repeated after a pause only. */
function isDue(state: PartState): boolean {
  return state.kind !== 'broken' || state.notBefore <= performance.now();
}

function failuresOf(state: PartState): number {
  return state.kind === 'repaired' || state.kind === 'broken' ? state.failures : 0;
}

function toldOf(state: PartState): Causes {
  return state.kind === 'repaired' || state.kind === 'broken' ? state.told : none;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
