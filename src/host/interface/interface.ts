import {
  chooseInterface,
  type ChosenInterface,
  type HostFacts,
  type InterfaceWishes,
} from './choose-interface.ts';
import type { Link } from './ip-output.ts';
import { readDefaultRoutes, readLink, readLinks, readRouteTo } from './links.ts';
import { parseAddress, type Family } from '../../network/cidr.ts';

/** How long what the kernel said counts, in milliseconds: a store may be waited for meanwhile. */
const freshMs = 1000;

/** The operator's wishes for the interface, before the families of the network are known. */
type FamilylessWishes = Omit<InterfaceWishes, 'families'>;

/**
 * A look at the interfaces of this node. It begins when it is made and goes on next to other work; what the kernel said is
 * used for everything that is asked soon after.
 */
export class InterfaceLookUp {
  readonly #wishes: FamilylessWishes;
  #look: { readonly at: number; readonly facts: Promise<HostFacts> };

  constructor(wishes: FamilylessWishes) {
    this.#wishes = wishes;
    this.#look = beginLook(wishes);
  }

  /**
   * Chooses the interface and the public addresses of this node, by flanneld's rules. Throws Failure `interface` with the
   * candidates if there is none, `usage` if a wish cannot be understood, `prerequisite` without iproute2.
   */
  async choose(families: readonly Family[]): Promise<ChosenInterface> {
    if (performance.now() - this.#look.at > freshMs) this.#look = beginLook(this.#wishes);
    return chooseInterface({ ...this.#wishes, families }, await this.#look.facts);
  }

  /** One interface as it is now. Undefined if it does not exist. Throws a Failure without iproute2. */
  see(name: string): Promise<Link | undefined> {
    return readLink(name);
  }

  /** For when the families are not known yet: throws what {@link choose} would if neither alone has an interface. */
  async require(): Promise<void> {
    const [ipv4, ipv6] = await Promise.allSettled([this.choose([4]), this.choose([6])]);
    if (ipv4.status === 'rejected' && ipv6.status === 'rejected') throw ipv4.reason;
  }
}

function beginLook(wishes: FamilylessWishes): { readonly at: number; readonly facts: Promise<HostFacts> } {
  const facts = readFacts(wishes);
  // Whoever asks sees why it failed; nobody may ask.
  facts.catch(() => undefined);
  return { at: performance.now(), facts };
}

/** Each program takes a few milliseconds of a start, so that only those run whose answer a wish needs. */
async function readFacts({ iface, ifaceRegex, ifaceCanReach }: FamilylessWishes): Promise<HostFacts> {
  const isNamed = iface.length > 0 || ifaceRegex.length > 0;
  const readRoutes = (family: Family) =>
    isNamed || ifaceCanReach !== undefined ? [] : readDefaultRoutes(family);
  const isReached = !isNamed && ifaceCanReach !== undefined && parseAddress(ifaceCanReach) !== undefined;
  const [links, ipv4Routes, ipv6Routes, routeToReach] = await Promise.all([
    readLinks(),
    readRoutes(4),
    readRoutes(6),
    isReached ? readRouteTo(ifaceCanReach) : undefined,
  ]);
  return { links, defaultRoutes: { 4: ipv4Routes, 6: ipv6Routes }, routeToReach };
}
