import { describeWork, type WorkEvent } from './causes.ts';
import type { EmitEvent, HeddleEvent } from './event.ts';
import { countNone, countOne, repeatedEvent, type Counted } from './repeated-event.ts';

/** The longest time until the log repeats the count of a cause that still lasts, in milliseconds. */
const reminderMs = 3_600_000;

/** A cause without an event for this long is over, in milliseconds: longer than the delay of a retry and the time limit of most commands. */
const quietMs = 300_000;

/** A cause that fails the same work again and again. */
interface LastingCause {
  beganAt: number;
  lastAt: number;
  counted: Counted;
  /** The peers, or the command, whose work fails. */
  readonly failing: Set<string>;
}

/**
 * Counts the retries that fail for the cause that the log has shown already. The log gets one line with the count when the work succeeds
 * or nobody wants it any more, and every hour until then. A new cause of the same work is shown.
 */
export class LastingCauses {
  readonly #show: EmitEvent;
  readonly #causes = new Map<string, LastingCause>();
  /**
   * The parts of the network whose repair failed. Each further try runs the same commands again. A network that ends has no repairs any
   * more, and does not say so of each part; its successor is `ready` once every part is whole.
   */
  readonly #brokenParts = new Set<string>();

  /** @param show writes a line of the log */
  constructor(show: EmitEvent) {
    this.#show = show;
  }

  /** The time of the next {@link endAt}, in milliseconds; undefined if nothing lasts. */
  get endsAt(): number | undefined {
    const ends = Array.from(this.#causes.values(), endOf);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** Takes an event that happened `now`, in milliseconds from any beginning. Returns whether it was counted, so that it is not shown. */
  take(event: HeddleEvent, now: number): boolean {
    switch (event.event) {
      case 'peer-failed':
      case 'monitor-ended':
        return this.#fail(event, now);
      case 'command-finished':
      case 'command-failed':
        return this.#brokenParts.size > 0 && this.#fail(event, now);
      case 'part-failed':
        this.#brokenParts.add(event.part);
        return false;
      case 'part-restored':
        this.#brokenParts.delete(event.part);
        if (this.#brokenParts.size === 0) this.#endRepairs(now);
        return false;
      case 'ready':
      case 'shutdown-finished':
        this.#endRepairs(now);
        return false;
      case 'state':
        if (event.to === 'pre-startup' || event.to === 'stopping') this.#endRepairs(now);
        return false;
      case 'peer-removed':
        // A retry of an add removes what the failed add may have left.
        if (event.reason === 'retry' && this.#isFailing(`add ${event.peer.subnet}`)) return true;
        this.#succeed(event.peer.subnet, now);
        return false;
      case 'peer-added':
        this.#succeed(event.peer.subnet, now);
        return false;
      case 'batch-applied':
        for (const { subnet } of [...event.added, ...event.removed]) this.#succeed(subnet, now);
        return false;
      default:
        return false;
    }
  }

  /** Shows the counts that are due by `now`. `Infinity` ends all causes. */
  endAt(now: number): void {
    for (const [key, cause] of this.#causes) {
      if (endOf(cause) > now) continue;
      if (now === Infinity || cause.lastAt + quietMs <= now) this.#end(key, cause, cause.lastAt);
      else {
        this.#tell(cause, now);
        Object.assign(cause, { beganAt: now, counted: countNone() });
      }
    }
  }

  #fail(event: WorkEvent, now: number): boolean {
    const { about, cause: key } = describeWork(event);
    const work = workOf(event);
    const known = this.#causes.get(key);
    if (known?.failing.has(work) === true) {
      known.lastAt = now;
      countOne(known.counted, event, about);
      return true;
    }
    const cause = known ?? { beganAt: now, lastAt: now, counted: countNone(), failing: new Set() };
    cause.lastAt = now;
    cause.failing.add(work);
    this.#causes.set(key, cause);
    return false;
  }

  #isFailing(work: string): boolean {
    return [...this.#causes.values()].some(({ failing }) => failing.has(work));
  }

  #succeed(subnet: string, now: number): void {
    for (const [key, cause] of this.#causes) {
      const before = cause.failing.size;
      cause.failing.delete(`add ${subnet}`);
      cause.failing.delete(`remove ${subnet}`);
      if (before > 0 && cause.failing.size === 0) this.#end(key, cause, now);
    }
  }

  #endRepairs(now: number): void {
    this.#brokenParts.clear();
    for (const [key, cause] of this.#causes) if (cause.failing.has(repairs)) this.#end(key, cause, now);
  }

  #end(key: string, cause: LastingCause, now: number): void {
    this.#causes.delete(key);
    this.#tell(cause, now);
  }

  #tell({ counted, beganAt }: LastingCause, now: number): void {
    const event = repeatedEvent(counted, now - beganAt);
    if (event !== undefined) this.#show(event);
  }
}

/** The work of all repairs of parts. */
const repairs = 'repairs';

function workOf(event: WorkEvent): string {
  switch (event.event) {
    case 'peer-failed':
      return `${event.operation} ${event.peer.subnet}`;
    case 'monitor-ended':
      return event.event;
    case 'command-finished':
    case 'command-failed':
      return repairs;
  }
}

function endOf({ beganAt, lastAt }: LastingCause): number {
  return Math.min(beganAt + reminderMs, lastAt + quietMs);
}
