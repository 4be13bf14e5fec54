import { Failure } from '../../diagnostic/failure.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import type { HostInterfaces } from '../../host/interface/interface.ts';
import { mayStand } from '../../host/state/standing-network.ts';
import { readSubnetFile } from '../../host/subnet-file.ts';
import { parseLeaseKey } from '../../lease/wire.ts';
import type { Cidr } from '../../network/cidr.ts';
import { networksOf, type NetworkConfiguration } from '../../network/configuration.ts';
import { presentValues } from '../../network/per-family.ts';
import { readHeldLease } from '../lease/held-lease.ts';
import type { UpOptions } from './options.ts';

/** The parts of the options that the check needs. */
type OverlapOptions = Pick<UpOptions, 'allowOverlap' | 'stateDirectory' | 'subnetFile'>;

/**
 * Throws the Failure `interface` for a network that overlaps a route or an address of this host, because the overlay would take its
 * packets. The option `--allow-overlap` permits it.
 */
export async function requireNoOverlap(
  configuration: NetworkConfiguration,
  interfaces: HostInterfaces,
  underlay: ChosenInterface,
  options: OverlapOptions,
): Promise<void> {
  const because = await describeOverlap(configuration, interfaces, underlay, options);
  if (because === undefined) return;
  throw new Failure('interface', because, {
    hint:
      'choose another Network, or another address with --iface or --public-ip; ' +
      'if the overlay may take these addresses away from the host, use --allow-overlap',
  });
}

/** The overlap of a network with this host, as a clause; undefined if there is none, or if it is allowed. */
export async function describeOverlap(
  configuration: NetworkConfiguration,
  interfaces: HostInterfaces,
  underlay: ChosenInterface,
  options: OverlapOptions,
): Promise<string | undefined> {
  if (options.allowOverlap) return undefined;
  const [ownSubnets, isStanding] = await Promise.all([
    readOwnSubnets(options),
    mayStand(options.stateDirectory),
  ]);
  const earlier = { ownSubnets, mayStand: isStanding };
  const overlap = await interfaces.findOverlap(networksOf(configuration), underlay, earlier);
  return overlap && `the overlay network ${overlap.network} overlaps ${overlap.what}`;
}

/** The subnets of earlier runs, which identify their devices and routes. */
async function readOwnSubnets({ stateDirectory, subnetFile }: OverlapOptions): Promise<readonly Cidr[]> {
  const [environment, held] = await Promise.all([readSubnetFile(subnetFile), readHeldLease(stateDirectory)]);
  const ofLease = held === undefined ? undefined : parseLeaseKey(held.key);
  return [
    ...(environment === undefined ? [] : presentValues(environment).map(({ subnet }) => subnet)),
    ...(ofLease === undefined ? [] : presentValues(ofLease)),
  ];
}
