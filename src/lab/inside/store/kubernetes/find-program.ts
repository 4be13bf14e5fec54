import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../../diagnostic/failure.ts';
import { findMissingPrograms } from '../../../../host/programs.ts';

const program = 'kube-apiserver';

/**
 * Finds the API server of Kubernetes: on `path`, or the newest one that `npm run setup -- --kubernetes` has built into the user's cache.
 * Starts nothing. Throws a {@link Failure} that says how to get one.
 */
export function findKubeApiServer(path: string, environment: NodeJS.ProcessEnv = process.env): string {
  if (findMissingPrograms([program], path).length === 0) return program;
  const built = builtPrograms(environment).find((file) => findMissingPrograms([file], path).length === 0);
  if (built !== undefined) return built;
  throw new Failure(
    'prerequisite',
    `--store kubernetes needs the program ${program}, which is not on PATH and was not built`,
    {
      hint:
        `build it once in a checkout of heddle, which needs Go and takes some minutes: npm run setup -- --kubernetes; ` +
        `or put a ${program} of your own on PATH`,
    },
  );
}

/** The places of programs that were built, the newest version first. */
function builtPrograms(environment: NodeJS.ProcessEnv): readonly string[] {
  const { XDG_CACHE_HOME: given = '' } = environment;
  const cache = join(given === '' ? join(homedir(), '.cache') : given, 'heddle');
  return listDirectory(cache)
    .filter((name) => name.startsWith('kubernetes-'))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(cache, name, program));
}

function listDirectory(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
