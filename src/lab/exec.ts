import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Failure } from '../diagnostic/failure.ts';
import { describeFailedStart } from '../host/run-program.ts';
import { askStatus } from './process/control-client.ts';
import { findLab } from './process/find.ts';
import { Namespaces } from './process/namespaces.ts';
import { findPlace, listPlaces } from './process/places.ts';
import { nodeEnvironment } from './inside/node/environment.ts';

/** `lab exec`: runs a command in a node, in a node's pod or in the underlay, on this terminal. Returns its exit code. */
export async function execInLab(
  name: string,
  placeName: string,
  command: readonly string[],
): Promise<number> {
  const lab = findLab(name);
  const status = await askStatus(lab);
  const place = findPlace(lab.name, listPlaces(status), placeName);
  const environment = nodeEnvironment(place.node, process.env, status.store);
  return runHere(new Namespaces(lab, status).command(place, command), environment);
}

async function runHere(words: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<number> {
  const [program, ...args] = words;
  const child = spawn(program, args, { stdio: 'inherit', env });
  // The terminal sends an interrupt to the command as well, and the command decides what to do with it.
  const ignore = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', (cause) => {
        const message = `the lab cannot be entered: ${describeFailedStart(program, cause)}`;
        reject(new Failure('prerequisite', message, { hint: 'install util-linux 2.33 or newer', cause }));
      });
      child.on('exit', (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', pass);
  }
}
