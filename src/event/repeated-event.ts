import type { HeddleEvent } from './event.ts';
import { renderEvent } from './human.ts';
import { levelOf } from './level.ts';

/** How many of the subjects are named. */
const mostNamed = 5;

/** Events that were counted instead of shown. */
export interface Counted {
  count: number;
  /** The peers, leases or entries that the events are about. */
  readonly about: Set<string>;
  last: HeddleEvent | undefined;
}

/** A count of nothing yet. */
export function countNone(): Counted {
  return { count: 0, about: new Set(), last: undefined };
}

/** Adds an event to the count. */
export function countOne(counted: Counted, event: HeddleEvent, about: string | undefined): void {
  counted.count += 1;
  counted.last = event;
  if (about !== undefined) counted.about.add(about);
}

/** The event with the count; undefined if nothing was counted. */
export function repeatedEvent({ count, about, last }: Counted, withinMs: number): HeddleEvent | undefined {
  if (last === undefined) return undefined;
  return {
    event: 'repeated',
    of: last.event,
    severity: levelOf(last),
    count,
    about: [...about].slice(0, mostNamed),
    aboutCount: about.size,
    withinMs,
    last: renderEvent(last).text,
  };
}
