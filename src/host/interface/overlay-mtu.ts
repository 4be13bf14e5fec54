import type { Cidr } from '../../network/cidr.ts';
import { chooseOverlayMtu, type OverlayMtu } from './choose-overlay-mtu.ts';
import type { ChosenInterface } from './choose-interface.ts';
import { readLinks } from './links.ts';

/** Finds the MTU that pods may use, from the devices that PostStartupCommand has made. */
export async function findOverlayMtu(
  underlay: ChosenInterface,
  networks: readonly Cidr[],
): Promise<OverlayMtu> {
  const { name, mtu, publicIp } = underlay;
  return chooseOverlayMtu(await readLinks(), { name, mtu, ipv6Only: publicIp === undefined }, networks);
}
