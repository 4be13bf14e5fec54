import { chooseInterface, type ChosenInterface, type InterfaceWishes } from './choose-interface.ts';
import { readDefaultRoutes, readLinks, readRouteTo } from './links.ts';
import { parseAddress } from '../../network/cidr.ts';

/**
 * Finds the interface and the public addresses of this node, by flanneld's rules. Throws Failure `interface` with the
 * candidates if there is none, `usage` if a wish cannot be understood, `prerequisite` without iproute2.
 */
export async function findInterface(wishes: InterfaceWishes): Promise<ChosenInterface> {
  const target = wishes.ifaceCanReach;
  const [links, ipv4Routes, ipv6Routes, routeToReach] = await Promise.all([
    readLinks(),
    wishes.families.includes(4) ? readDefaultRoutes(4) : [],
    wishes.families.includes(6) ? readDefaultRoutes(6) : [],
    target === undefined || parseAddress(target) === undefined ? undefined : readRouteTo(target),
  ]);
  return chooseInterface(wishes, { links, defaultRoutes: { 4: ipv4Routes, 6: ipv6Routes }, routeToReach });
}

/**
 * For when the network's families are not known yet: throws what {@link findInterface} would if neither family alone has an
 * interface.
 */
export async function requireInterface(wishes: Omit<InterfaceWishes, 'families'>): Promise<void> {
  const tries = ([4, 6] as const).map((family) => findInterface({ ...wishes, families: [family] }));
  const [ipv4, ipv6] = await Promise.allSettled(tries);
  if (ipv4?.status === 'rejected' && ipv6?.status === 'rejected') throw ipv4.reason;
}
