import { Failure } from '../../diagnostic/failure.ts';
import { formatCidr, type Cidr, type Family } from '../../network/cidr.ts';
import { ProgramError, runProgram } from '../run-program.ts';
import {
  parseHostRoutes,
  parseLinks,
  parseRoutes,
  type HostRoute,
  type Link,
  type Route,
} from './ip-output.ts';
import { mayHaveRouteInto } from './proc-routes.ts';

/** Reads the interfaces of this network namespace from the kernel. */
export async function readLinks(): Promise<readonly Link[]> {
  return parseLinks(await runIp(['-details', '-json', 'address', 'show']));
}

/** Reads one interface by its name. Undefined if it does not exist. */
export async function readLink(name: string): Promise<Link | undefined> {
  const parameters = ['-details', '-json', 'address', 'show', 'dev', name];
  try {
    return parseLinks(await runProgram('ip', parameters))[0];
  } catch (error) {
    // iproute2 answers in this way if the interface does not exist.
    if (error instanceof ProgramError && error.fault === 'failed') return undefined;
    throw asFailure(error, `ip ${parameters.join(' ')}`);
  }
}

/** Reads the default routes of a family, the best first. */
export async function readDefaultRoutes(family: Family): Promise<readonly Route[]> {
  return parseRoutes(await runIp([`-${family}`, '-json', 'route', 'show', 'default']));
}

/** Reads the main routing table of a network's family. Empty if no route but default ones overlaps the network. */
export async function readOverlappingRoutes(network: Cidr): Promise<readonly HostRoute[]> {
  if (!(await mayHaveRouteInto(network))) return [];
  const { family } = network;
  return parseHostRoutes(await runIp([`-${family}`, '-json', 'route', 'show']), family);
}

/** Reads the routes of the main routing table into a subnet, or into a part of it. */
export async function readRoutesInto(subnet: Cidr): Promise<readonly HostRoute[]> {
  const { family } = subnet;
  const parameters = [`-${family}`, '-json', 'route', 'show', 'root', formatCidr(subnet)];
  return parseHostRoutes(await runIp(parameters), family);
}

/** Asks the kernel for the route to an address. Undefined if there is none. */
export async function readRouteTo(address: string): Promise<Route | undefined> {
  try {
    return parseRoutes(await runProgram('ip', ['-json', 'route', 'get', address]))[0];
  } catch (error) {
    // iproute2 answers in this way without a route.
    if (error instanceof ProgramError && error.fault === 'failed') return undefined;
    throw asFailure(error, `ip -json route get ${address}`);
  }
}

async function runIp(parameters: readonly string[]): Promise<string> {
  try {
    return await runProgram('ip', parameters);
  } catch (error) {
    throw asFailure(error, `ip ${parameters.join(' ')}`);
  }
}

function asFailure(error: unknown, command: string): unknown {
  if (!(error instanceof ProgramError)) return error;
  const { fault, message, how, stderr } = error;
  if (fault === 'missing') {
    return new Failure('prerequisite', message, { hint: 'install it: apt-get install iproute2' });
  }
  return new Failure('interface', `${command} ${how}`, {
    hint: 'run the same command by hand; heddle needs a working iproute2 to see the interfaces',
    detail: stderr,
    cause: error,
  });
}
