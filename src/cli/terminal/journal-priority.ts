import { fstatSync } from 'node:fs';
import type { Level } from '../../event/level.ts';

/** The priorities of syslog. */
const priorities: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** Whether a descriptor is systemd's journal: `JOURNAL_STREAM` names the journal's device and inode, by systemd.exec(5). */
export function isJournal(descriptor: number, environment: NodeJS.ProcessEnv = process.env): boolean {
  const named = environment['JOURNAL_STREAM'];
  if (named === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return named === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Begins each line of a text with its priority, by sd-daemon(3). The journal removes it. */
export function withPriority(level: Level, text: string): string {
  return text.replaceAll(/^(?=.)/gm, `<${priorities[level]}>`);
}
