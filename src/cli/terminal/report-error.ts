import { renderDetail } from '../../diagnostic/code-frame.ts';
import { exitCodes, Failure } from '../../diagnostic/failure.ts';
import { describeReachedLimit, limitHint } from '../../host/limits.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import { stackInSource } from '../../host/files/source-positions.ts';
import { StoreError } from '../../store/store.ts';
import { isJournal, withPriority } from './journal-priority.ts';

/** Tells the operator on stderr what went wrong and returns the exit code for it. */
export function reportError(error: unknown): number {
  const failure = asFailure(error);
  const lines = [`heddle: ${failure.message}`];
  const detail = renderDetail(failure, { colour: usesColour(process.stderr) }).trimEnd();
  if (detail !== '') lines.push(detail);
  if (failure.hint !== undefined) lines.push(`  ${failure.hint}`);
  if (failure.kind === 'internal' && error instanceof Error) lines.push(stackInSource(error));
  const text = `${lines.join('\n')}\n`;
  process.stderr.write(isJournal(2) ? withPriority('error', text) : text);
  return exitCodes[failure.kind];
}

/** The failure that an error means for the operator. An expected error describes itself; everything else is a bug. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof StoreError)
    return new Failure('store', error.message, { hint: error.hint, cause: error });
  const limit = describeReachedLimit(error);
  if (limit !== undefined)
    return new Failure('prerequisite', `heddle cannot go on: ${limit}`, { hint: limitHint, cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('internal', `unexpected error, which is a bug in heddle: ${message}`, {
    hint: 'report it with the lines below',
    cause: error,
  });
}
