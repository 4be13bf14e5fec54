import type { EmitEvent } from '../../event/event.ts';
import { explainError } from '../../host/system-error.ts';
import { retries, retryDelay } from '../../time/retry.ts';
import { lookOnce } from './look.ts';
import type { EnsureResult, LiveNetwork, NetworkPart, PartTrouble } from './parts/part.ts';

/**
 * How a part stands.
 *
 *     absent ──up──▶ whole ⇄ repaired
 *        │             ▲ ╲       │
 *        └──failed──▶ broken ◀───┘    it comes back by way of repaired, once a look says that it is whole
 */
type PartState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'whole' }
  /** The repair was done; the next look shows whether it helped. */
  | { readonly kind: 'repaired'; readonly failures: number }
  /** The part failed so often in a row. It is not tried before a time on the clock of `performance.now`. */
  | {
      readonly kind: 'broken';
      readonly because: string;
      readonly failures: number;
      readonly notBefore: number;
    };

/** A part that is not what it should be. */
export interface BrokenPart {
  readonly part: string;
  readonly because: string;
}

/** The result of bringing the parts up. */
type BringUpResult =
  /** All that could be is up; {@link PartKeeper.broken} names the others. */
  | { readonly kind: 'up' }
  /** A part without which the node does not start failed. */
  | { readonly kind: 'failed'; readonly error: Error };

/** Brings the parts of a network up, keeps them so, and says which of them are broken. */
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

  /** Whether every part is as it should be, as far as was looked. */
  get isWhole(): boolean {
    return this.#parts.every(({ name }) => this.#stateOf(name).kind === 'whole');
  }

  /** Milliseconds until a broken part is due to be tried again; undefined if none is broken. */
  get retryInMs(): number | undefined {
    const times = [...this.#states.values()].flatMap((state) =>
      state.kind === 'broken' ? [Math.max(0, state.notBefore - performance.now())] : [],
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Brings the parts up in their order. After the signal no other is begun. `onUp` is called for each that is up. */
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
        this.#fail(part.name, 0, { because: explainError(error), detail: '' });
      }
    }
    return { kind: 'up' };
  }

  /** Looks after each part that is up or was tried. Returns whether to look again at once, since something was repaired. */
  async ensure(network: LiveNetwork, signal: AbortSignal): Promise<boolean> {
    const look = lookOnce(network, signal);
    for (const part of this.#parts) {
      const state = this.#stateOf(part.name);
      if (state.kind === 'absent') continue;
      const mayRepair = (trouble: PartTrouble): boolean => this.#mayRepair(part.name, state, trouble);
      const outcome = await part.ensure(network, look, mayRepair, signal);
      // The network goes down, so the result of an ended command is not worth an event.
      if (signal.aborted) return false;
      this.#note(part.name, state, outcome);
      // The parts that come after it may have gone with it.
      if (outcome.kind === 'repaired') return true;
    }
    return false;
  }

  /** A repair may disturb, so that one that did not help is tried again after a while only; looking is always allowed. */
  #mayRepair(part: string, state: PartState, trouble: PartTrouble): boolean {
    if (state.kind === 'repaired' || !isDue(state)) return false;
    this.#emit({ event: 'part-broken', part, ...trouble });
    return true;
  }

  #note(part: string, before: PartState, outcome: EnsureResult): void {
    const failures = before.kind === 'repaired' || before.kind === 'broken' ? before.failures : 0;
    switch (outcome.kind) {
      case 'whole':
        if (before.kind !== 'whole') this.#emit({ event: 'part-restored', part });
        this.#set(part, { kind: 'whole' });
        return;
      case 'repaired':
        this.#set(part, { kind: 'repaired', failures });
        return;
      case 'waiting':
        return;
      case 'broken':
        if (before.kind === 'broken' && !isDue(before)) return;
        this.#fail(part, failures, outcome.trouble);
    }
  }

  #fail(part: string, failuresBefore: number, trouble: PartTrouble): void {
    const failures = failuresBefore + 1;
    const retryInMs = retryDelay(failures, Math.random(), retries.part);
    const notBefore = performance.now() + retryInMs;
    this.#set(part, { kind: 'broken', because: trouble.because, failures, notBefore });
    this.#emit({ event: 'part-failed', part, ...trouble, retryInMs });
  }

  #stateOf(part: string): PartState {
    return this.#states.get(part) ?? { kind: 'absent' };
  }

  #set(part: string, state: PartState): void {
    this.#states.set(part, state);
    this.#onChange();
  }
}

function isDue(state: PartState): boolean {
  return state.kind !== 'broken' || state.notBefore <= performance.now();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
