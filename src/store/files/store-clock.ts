import type { Clock } from '../../time/clock.ts';
import { toleratedClockLeadMs, type LeaseRecord } from '../store.ts';

/** The smallest change that counts as one, in milliseconds: the time of a file depends on when its write ended. */
const smallestChangeMs = 1000;

/**
 * The clock of a store's file system, which all its nodes share: the server of a shared mount stamps files with its own clock. The store
 * judges by this clock whether a lease has expired, so that a node whose clock is wrong does not drop its peers. Above the store, leases
 * have the time of this machine's clock.
 *
 * The difference between the clocks is measured by a file that is written. It is measured again when this machine's clock was set, or when
 * the machine slept. Until it is measured, and if the clocks differ only a little, this machine's clock counts.
 */
export class StoreClock implements Clock {
  readonly #machine: Clock;
  readonly #measure: () => number | undefined;
  #leadMs: number | undefined;
  /** The machine's clock less its steady time, when the clocks were last compared. */
  #offsetMs = 0;

  /** @param measure writes a file, and returns its time; undefined if it cannot be written now */
  constructor(machine: Clock, measure: () => number | undefined) {
    this.#machine = machine;
    this.#measure = measure;
  }

  /** The time by which this machine's clock is ahead, in milliseconds; undefined before the clocks were compared. */
  get leadMs(): number | undefined {
    return this.#leadMs;
  }

  now(): number {
    this.#followMachine();
    return this.#machine.now() - this.#correctionMs;
  }

  steady(): number {
    return this.#machine.steady();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#machine.after(delayMs, callback);
  }

  /** Compares the clocks by a file that is written now. */
  compare(): void {
    this.noteWrite(this.#measure());
  }

  /** Compares the clocks. @param writtenAt the time of a file that was just written; undefined if it is unknown */
  noteWrite(writtenAt: number | undefined): void {
    if (writtenAt === undefined) return;
    const leadMs = this.#machine.now() - writtenAt;
    this.#offsetMs = this.#machineOffsetMs;
    if (this.#leadMs === undefined || Math.abs(leadMs - this.#leadMs) > smallestChangeMs)
      this.#leadMs = leadMs;
  }

  /** A record of the store, with the time at which it expires by this machine's clock. */
  toMachine(record: LeaseRecord): LeaseRecord {
    const { expiresAt } = record;
    const correctionMs = this.#correctionMs;
    return expiresAt === undefined || correctionMs === 0
      ? record
      : { ...record, expiresAt: expiresAt + correctionMs };
  }

  get #correctionMs(): number {
    const leadMs = this.#leadMs ?? 0;
    return Math.abs(leadMs) > toleratedClockLeadMs ? leadMs : 0;
  }

  get #machineOffsetMs(): number {
    return this.#machine.now() - this.#machine.steady();
  }

  /** Measures again if this machine's clock has jumped. If that fails, the store's time goes on as if the machine had not slept. */
  #followMachine(): void {
    if (this.#leadMs === undefined) return;
    const jumpMs = this.#machineOffsetMs - this.#offsetMs;
    if (Math.abs(jumpMs) <= smallestChangeMs) return;
    this.#leadMs += jumpMs;
    this.#offsetMs = this.#machineOffsetMs;
    this.compare();
  }
}
