import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, link, lstat, readdir, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { removeDrafts } from '../files/atomic-file.ts';
import { FileLockError, withFileLock } from '../files/file-lock.ts';
import { downCommand } from './down-command.ts';
import { forgetOwnProcess, noteOwnProcess } from './daemon-process.ts';
import { explainError, hasErrorCode, isAbort } from '../system-error.ts';

/** The room for a path in `sockaddr_un`, less its final NUL (unix(7)). */
const longestSocketPath = 107;

/** A state directory that belongs to this daemon while its server listens. */
export interface Instance {
  /** Releases the state directory: stops listening and removes the socket. Open connections end first. */
  release(): Promise<void>;
}

/** The control socket of the daemon on a state directory. Throws Failure `state-directory` if its path is too long. */
export function controlSocketPath(stateDirectory: string): string {
  const path = join(stateDirectory, 'heddle.sock');
  const length = Buffer.byteLength(path);
  if (length > longestSocketPath) {
    throw new Failure(
      'state-directory',
      `the state directory's path is too long: its socket ${path} has ${length} bytes, but the kernel allows ${longestSocketPath}`,
      { hint: 'choose a shorter path with --state-dir' },
    );
  }
  return path;
}

/**
 * Makes this the only daemon on a state directory, by listening on its control socket. Throws Failure `already-running` if another daemon
 * answers there. The socket is listening when it gets its name, so a socket without an answer was left by a dead daemon and is removed. A
 * lock keeps two starting daemons from removing each other's socket. Throws the signal's reason if that ends the wait for the lock.
 */
export async function claimInstance(
  stateDirectory: string,
  server: Server,
  signal?: AbortSignal,
): Promise<Instance> {
  const socketPath = controlSocketPath(stateDirectory);
  // The kernel limits the path, so the draft's name must not be longer than the socket's.
  const draftPath = join(stateDirectory, `.${randomUUID().slice(0, 8)}`);
  try {
    server.listen(draftPath);
    await once(server, 'listening');
    await chmod(draftPath, 0o600);
    if (!(await linkUnlessThere(draftPath, socketPath)))
      await takeOver(stateDirectory, draftPath, socketPath, signal);
    await removeDrafts(stateDirectory);
    await removeLeftSockets(stateDirectory);
    await noteOwnProcess(stateDirectory);
  } catch (error) {
    server.close();
    if (isAbort(error)) throw error;
    throw explainClaim(socketPath, error);
  } finally {
    await rm(draftPath, { force: true });
  }
  return {
    release: async () => {
      await forgetOwnProcess(stateDirectory);
      await rm(socketPath, { force: true });
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whether a process has claimed the state directory and listens there. A daemon that stops listens until it has released the directory. */
export async function isClaimed(stateDirectory: string): Promise<boolean> {
  return isAnswered(controlSocketPath(stateDirectory));
}

/** Replaces a socket that no daemon answers. */
async function takeOver(
  stateDirectory: string,
  draftPath: string,
  socketPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const takeTurn = async (): Promise<void> => {
    if (!(await isAnswered(socketPath))) {
      await removeStaleSocket(socketPath);
      if (await linkUnlessThere(draftPath, socketPath)) return;
    }
    throw new Failure(
      'already-running',
      `the state directory ${stateDirectory} is already in use by another heddle`,
      { hint: `stop it with ${downCommand(stateDirectory)}, or choose another directory with --state-dir` },
    );
  };
  await withFileLock(join(stateDirectory, 'heddle.lock'), takeTurn, signal && { signal });
}

/** The name of a socket before it comes to its place. */
const socketDraftForm = /^\.[0-9a-f]{8}$/;

/** Milliseconds after which whoever made a draft of a socket listens on it, or is dead. */
const longestDraftMs = 10_000;

/** Removes the drafts of sockets that killed processes left. One that starts now, only to be refused, keeps its own. */
async function removeLeftSockets(stateDirectory: string): Promise<void> {
  const names = (await readdir(stateDirectory)).filter((name) => socketDraftForm.test(name));
  for (const path of names.map((name) => join(stateDirectory, name))) {
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isSocket() || Date.now() - found.mtimeMs < longestDraftMs) continue;
    if (!(await isAnswered(path))) await rm(path, { force: true });
  }
}

/** Gives a file a second name. Returns false if something has that name. */
async function linkUnlessThere(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Whether a daemon listens. A daemon that is too busy to accept counts as well. */
async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ECONNREFUSED', 'ENOTSOCK')) return false;
    if (hasErrorCode(error, 'EAGAIN')) return true;
    throw error;
  } finally {
    socket.destroy();
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new Failure('state-directory', `${path} exists and is not a socket`, {
      hint: 'move this file away',
    });
  }
  await rm(path, { force: true });
}

function explainClaim(socketPath: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof FileLockError && error.refusal === 'no-flock') {
    return new Failure('prerequisite', error.message, { hint: 'apt-get install util-linux', cause: error });
  }
  return new Failure(
    'state-directory',
    `the control socket ${socketPath} could not be created: ${explainError(error)}`,
    {
      hint: 'check the permissions and the free space of its directory, or give another one with --state-dir',
      cause: error,
    },
  );
}
