import { exitCodes } from '../../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';

/** How long the readers of a daemon's last words may take, in milliseconds. Readers of a command, such as less, take their time. */
const longestReadingMs = 300;

/** How long an ended command may still hold its process, in milliseconds: an error of its last write comes within that time. */
const lingerMs = 100;

let isDaemon = false;

/** Ends a command when nobody reads its output, for example after `head` exits. A full disk is reported. */
export function endWithReaders(): void {
  process.stdout.on('error', endWithoutReader);
  process.stderr.on('error', () => undefined);
}

/** For the daemon: the network does not depend on who reads its log. */
export function outliveReaders(): void {
  isDaemon = true;
  process.stdout.removeListener('error', endWithoutReader);
}

function endWithoutReader(error: Error): void {
  if (hasErrorCode(error, 'EPIPE')) process.exit();
  process.stderr.write(`heddle: standard output cannot be written: ${explainError(error)}\n`);
  process.exit(exitCodes.internal);
}

/**
 * Lets this process end by itself once its output is read, and ends it soon after that if something still holds it: a
 * connection that the network swallows lasts for minutes.
 */
export async function endProcess(): Promise<void> {
  if (isDaemon) setTimeout(() => process.exit(), longestReadingMs).unref();
  await Promise.all([written(process.stdout), written(process.stderr)]);
  setTimeout(() => process.exit(), lingerMs).unref();
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  // The callback is also called with an error.
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
