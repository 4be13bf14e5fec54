import type { HeddleEvent } from './event.ts';

/** The levels of the log, from the most to the least important. The names are those that the log shows. */
export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

type LevelOf<E extends HeddleEvent> = Level | ((event: E) => Level);
type LevelTable = { readonly [E in HeddleEvent as E['event']]: LevelOf<E> };

const table: LevelTable = {
  started: 'info',
  state: ({ to }) => (to === 'degraded' ? 'warn' : 'info'),
  'stop-asked': 'info',
  waiting: 'warn',
  'interface-chosen': 'info',
  'network-configured': 'info',
  'network-awaited': 'warn',
  'lease-acquired': 'info',
  'address-changed': 'info',
  'lease-renewed': 'info',
  'lease-lost': 'warn',
  'lease-released': 'info',
  'command-finished': 'info',
  'command-failed': 'error',
  'orphans-ended': 'warn',
  snapshot: 'info',
  'peer-added': 'info',
  'peer-removed': 'info',
  'peer-failed': 'warn',
  drift: 'warn',
  'peer-displaced': 'warn',
  'part-broken': 'warn',
  'part-restored': 'info',
  'part-failed': 'error',
  'monitor-ended': 'warn',
  concern: 'warn',
  'concern-ended': 'info',
  'compile-difference': 'warn',
  'batch-applied': 'info',
  'batch-failed': 'warn',
  'lease-rejected': 'warn',
  'store-fault': 'warn',
  'store-outage': 'warn',
  'store-back': 'info',
  ready: 'info',
  'recipe-refused': 'error',
  'recipe-applied': 'info',
  'recipe-failed': 'error',
  'shutdown-finished': ({ remains }) => (remains === null ? 'info' : 'warn'),
  finding: 'warn',
  warning: 'warn',
  repeated: ({ severity }) => severity,
  failure: 'error',
};

/** The level at which the log shows an event. */
export function levelOf(event: HeddleEvent): Level {
  // The table is exhaustive by type; TypeScript cannot see that the entry found by a tag takes that tag's event.
  const entry = table[event.event] as LevelOf<HeddleEvent>;
  return typeof entry === 'function' ? entry(event) : entry;
}

/** The name of every event. */
export const eventNames = Object.keys(table) as readonly HeddleEvent['event'][];

/** Whether a log of level `least` shows what has `level`. */
export function isShown(level: Level, least: Level): boolean {
  return levels.indexOf(level) <= levels.indexOf(least);
}
