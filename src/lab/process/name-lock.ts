import { createServer } from 'node:net';
import { Failure } from '../../diagnostic/failure.ts';
import { findLabs } from './find.ts';
import { nameArgument } from '../plan/request.ts';

/**
 * Makes sure that only this process starts a lab of this name, and that no other one runs. The lock is a socket in the abstract namespace: it is
 * not a file, and it disappears when this process ends, for any reason.
 */
export async function claimName(name: string): Promise<void> {
  const server = createServer();
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.on('error', () => reject(taken(name, isUp(name) ? 'is already running' : 'is already starting')));
    server.listen(`\0heddle-lab-${process.getuid?.() ?? 0}-${name}`, resolve);
  });
  if (isUp(name)) throw taken(name, 'is already running');
}

function isUp(name: string): boolean {
  return findLabs().some((lab) => lab.name === name);
}

function taken(name: string, how: string): Failure {
  return new Failure('already-running', `a lab named ${name} ${how}`, {
    hint: `end it with heddle lab down${nameArgument(name)}, or choose another --name`,
  });
}
