import { exitCodes } from '../../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';

/** Ends a command when nobody reads its output, for example after `head` exits. A full disk is reported. */
export function endWithReaders(): void {
  process.stdout.on('error', endWithoutReader);
  process.stderr.on('error', () => undefined);
}

/** For the daemon: the network does not depend on who reads its log. */
export function outliveReaders(): void {
  process.stdout.removeListener('error', endWithoutReader);
}

function endWithoutReader(error: Error): void {
  if (hasErrorCode(error, 'EPIPE')) process.exit();
  process.stderr.write(`heddle: standard output cannot be written: ${explainError(error)}\n`);
  process.exit(exitCodes.internal);
}
