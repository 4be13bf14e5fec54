import { Failure } from '../../../diagnostic/failure.ts';
import { ProgramError, runProgram } from '../../../host/run-program.ts';
import { underlayPlace } from '../../process/places.ts';
import type { Lab } from '../lab.ts';
import { nodeEnvironment } from '../node/environment.ts';
import { enterHost } from '../node/holder.ts';

/** The longest time of a command, in milliseconds. */
const commandMs = 60_000;

/** Runs a shell command in a place of the lab, and returns its stdout. Throws a {@link Failure} if the command fails. */
export async function runInPlace(lab: Lab, place: string, command: string): Promise<string> {
  const [program, ...args] = commandFor(lab, place, ['sh', '-c', command]);
  const env = nodeEnvironment(place.replace(/-pod$/, ''), process.env, lab.spec.store);
  try {
    return await runProgram(program, args, { env: { ...env, LC_ALL: 'C' }, timeoutMs: commandMs });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new Failure('lab-failed', `the command ${error.how}`, { detail: error.stderr, cause: error });
  }
}

function commandFor(lab: Lab, place: string, words: readonly string[]): readonly [string, ...string[]] {
  if (place === underlayPlace) return ['env', ...words];
  if (lab.nodes.some(({ plan }) => plan.pod === place)) return ['ip', 'netns', 'exec', place, ...words];
  const host = [...lab.nodes, ...lab.routers].find(({ plan }) => plan.name === place);
  const pid = host?.holder.pid ?? lab.store.server?.status().holderPid;
  if (pid === undefined) throw new Error(`the lab does not have a place ${place}`);
  return enterHost({ pid }, words);
}
