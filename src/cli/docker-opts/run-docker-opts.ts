import { writeFile } from 'node:fs/promises';
import { parse } from 'shell-quote';
import { Failure } from '../../diagnostic/failure.ts';
import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { readNamedFile } from '../../host/files/plain-file.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import { formatCidr } from '../../network/cidr.ts';
import { parseNamedSubnet, subnetVariables } from '../../network/subnet-env.ts';
import { renderDockerOptions, type DockerOptionsRequest } from './docker-options.ts';

/**
 * Writes Docker's environment file. Without a subnet file, the variables of the environment count, which systemd may have read from one.
 * Throws a {@link Failure} for a file that cannot be read or written, and, once the file is written, if a route via another node already
 * uses this node's subnet.
 */
export async function writeDockerOptions(
  subnetFile: string,
  dockerFile: string,
  request: DockerOptionsRequest,
): Promise<void> {
  const variables = { ...process.env, ...parseAssignments(readSubnetFile(subnetFile)) };
  const text = renderDockerOptions(variables, request);
  try {
    // In place: -d may be /dev/stdout, or a link.
    await whileWaiting({ what: dockerFile }, () => writeFile(dockerFile, text));
  } catch (error) {
    throw new Failure('state-directory', `${dockerFile} cannot be written: ${explainError(error)}`, {
      hint: 'choose another file with -d',
      cause: error,
    });
  }
  await refuseForeignRoute(variables[subnetVariables.subnet.ipv4] ?? '');
}

/** The most bytes of a file of variables. */
const mostBytes = 1024 * 1024;

function readSubnetFile(path: string): string {
  // The usual name for a file without content, although it is a device.
  if (path === '/dev/null') return '';
  try {
    return readNamedFile(path, mostBytes).bytes.toString('utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return '';
    const why = error instanceof PlainFileError ? `it ${error.reason}` : explainError(error);
    throw new Failure('state-directory', `the subnet file ${path} cannot be read: ${why}`, {
      hint: 'give its path with -f',
      cause: error,
    });
  }
}

/** Reads the assignments of a file that shells include. Nothing in it runs: a line with anything else has no effect. */
export function parseAssignments(text: string): Readonly<Record<string, string>> {
  const assignments = text.split('\n').flatMap((line) => {
    const words = parse(line);
    return words
      .filter((word): word is string => typeof word === 'string')
      .flatMap((word) => {
        const [, name, value] = /^([A-Za-z_]\w*)=([^]*)$/.exec(word) ?? [];
        return name === undefined || value === undefined ? [] : [[name, value] as const];
      });
  });
  return Object.fromEntries(assignments);
}

async function refuseForeignRoute(text: string): Promise<void> {
  const subnet = parseNamedSubnet(text);
  if (subnet?.family !== 4) return;
  const route = (await listRoutes()).find((line) => line.startsWith(`${formatCidr(subnet)} via `));
  if (route === undefined) return;
  throw new Failure('taken', `the routing table already contains the subnet: ${route.trim()}`, {
    hint: 'find out which node has the subnet: heddle leases',
  });
}

/** Without iproute2 there is nothing to compare, as in flannel's script. */
async function listRoutes(): Promise<readonly string[]> {
  try {
    return (await runProgram('ip', ['-4', 'route', 'show'])).split('\n');
  } catch (error) {
    if (error instanceof ProgramError) return [];
    throw error;
  }
}
