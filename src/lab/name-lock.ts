import { createServer } from 'node:net';
import { Failure } from '../diagnostic/failure.ts';
import { findLabs } from './find.ts';

/**
 * Makes sure that this process alone starts a lab of this name, and that none runs. The lock is a socket in the
 * abstract namespace: it is no file, and it goes with this process, however that ends.
 */
export async function claimName(name: string): Promise<void> {
  const server = createServer();
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.on('error', () => reject(taken(name, 'is being started already')));
    server.listen(`\0heddle-lab-${process.getuid?.() ?? 0}-${name}`, resolve);
  });
  if (findLabs().some((lab) => lab.name === name)) throw taken(name, 'runs already');
}

function taken(name: string, how: string): Failure {
  return new Failure('already-running', `A lab named ${name} ${how}.`, {
    hint: `End it with: heddle lab down --name ${name}; or choose another --name.`,
  });
}
