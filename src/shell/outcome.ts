import type { Outcome } from './shell.ts';

/**
 * Describes the end of a run, as the predicate of a sentence whose subject is the command:
 * `exited with status 2`, `was ended by SIGKILL`, `did not end within 30 s`.
 */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'succeeded':
      return 'succeeded';
    case 'failed':
      return `exited with status ${outcome.exitCode}`;
    case 'killed':
      return `was ended by ${outcome.signal}`;
    case 'timed-out':
      return `did not end within ${describeDuration(outcome.timeoutMs)}`;
    case 'cancelled':
      return 'was cancelled';
    case 'unstartable':
      return `could not be started: ${outcome.reason}`;
  }
}

function describeDuration(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(1))} s`;
}
