/**
 * The weight of a finding. `error`: heddle up fails, or waits. `warning`: the network comes up, and some packets may not pass. `unknown`: the check could not be
 * made.
 */
export type FindingLevel = 'ok' | 'warning' | 'error' | 'unknown';

/** The cure of a finding. */
interface Fix {
  /** A clause: what to do. */
  readonly advice: string | null;
  /** A command for a root shell that does it; null if no single command can. */
  readonly command: string | null;
}

/** The judgement of one check. */
export interface Judgement extends Fix {
  readonly level: FindingLevel;
  /** A clause: what was found. */
  readonly message: string;
}

/** A verdict with the name of its check. */
export interface Finding extends Judgement {
  readonly check: string;
}

const noFix: Fix = { advice: null, command: null };

/** Everything that the check looks at is as it must be. */
export function fine(message: string): Judgement {
  return { level: 'ok', message, ...noFix };
}

/** The check could not be made, for a reason in the message. */
export function unclear(message: string): Judgement {
  return { level: 'unknown', message, ...noFix };
}

export function warning(message: string, fix: Partial<Fix>): Judgement {
  return { level: 'warning', message, ...noFix, ...fix };
}

export function fatal(message: string, fix: Partial<Fix>): Judgement {
  return { level: 'error', message, ...noFix, ...fix };
}
