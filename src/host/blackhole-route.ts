import { formatCidr, type Cidr } from '../network/cidr.ts';
import { ProgramError, runProgram } from './run-program.ts';

/** The metric of heddle's blackhole routes. It is large, so that the route of a bridge for the same subnet is preferred. */
const metric = '2147483647';

/** Whether the kernel has a blackhole route for exactly this subnet, whoever added it. Throws a `ProgramError`. */
export async function hasBlackholeRoute(subnet: Cidr): Promise<boolean> {
  const filter = ['type', 'blackhole', 'exact', formatCidr(subnet)];
  return (await runProgram('ip', [family(subnet), 'route', 'show', ...filter])).trim() !== '';
}

/** Adds a blackhole route for a subnet, unless it exists. Throws a `ProgramError`. */
export async function addBlackholeRoute(subnet: Cidr): Promise<void> {
  await runProgram('ip', [family(subnet), 'route', 'replace', ...route(subnet)]);
}

/** Removes the blackhole route of {@link addBlackholeRoute}, if it exists. Throws a `ProgramError`. */
export async function removeBlackholeRoute(subnet: Cidr): Promise<void> {
  try {
    await runProgram('ip', [family(subnet), 'route', 'delete', ...route(subnet)]);
  } catch (error) {
    if (error instanceof ProgramError && error.stderr.includes('No such process')) return;
    throw error;
  }
}

function family(subnet: Cidr): string {
  return `-${subnet.family}`;
}

function route(subnet: Cidr): readonly string[] {
  return ['blackhole', formatCidr(subnet), 'metric', metric];
}
