import {
  chooseInterface,
  type ChosenInterface,
  type HostFacts,
  type InterfaceWishes,
} from './choose-interface.ts';
import { readAddressMemory, writeAddressMemory } from './address-memory.ts';
import { explainChoice, type ExplainedChoice } from './explain-choice.ts';
import type { Link } from './ip-output.ts';
import { isForwarding } from './forwarding.ts';
import { findOverlap, type Overlap, type OverlapFacts } from './find-overlap.ts';
import { readDefaultRoutes, readLink, readLinks, readOverlappingRoutes, readRouteTo } from './links.ts';
import type { AddressMemory } from './rank-addresses.ts';
import type { PublicAddresses } from '../../network/public-addresses.ts';
import { parseAddress, type Cidr, type Family } from '../../network/cidr.ts';

/** The time for which the kernel's answers are used, in milliseconds: the start may wait for a store meanwhile. */
const freshMs = 1000;

/** The operator's wishes for the interface, before the families of the network are known. */
type FamilylessWishes = Omit<InterfaceWishes, 'families'>;

/** The interfaces of this node, as far as a running network needs them. */
export interface HostInterfaces {
  /** Reads the present state of one interface. Undefined if it does not exist. Throws a Failure without iproute2. */
  see(name: string): Promise<Link | undefined>;
  /** Whether this host forwards packets of a family; see {@link isForwarding}. */
  isForwarding(family: Family): Promise<boolean>;
  /** Chooses as at the start, from the kernel's present answers. Throws as {@link InterfaceLookUp.choose} does. */
  chooseAgain(families: readonly Family[]): Promise<ChosenInterface>;
  /** The last known hardware addresses of this node's interfaces. */
  hardwareAddresses(): Promise<readonly string[]>;
  /**
   * Finds a part of this host whose packets an overlay would take. Throws a Failure without iproute2.
   *
   * @param ownSubnets the subnets that this node had in earlier runs
   */
  findOverlap(
    networks: readonly Cidr[],
    chosen: ChosenInterface,
    earlier: Pick<OverlapFacts, 'ownSubnets' | 'mayStand'>,
  ): Promise<Overlap | undefined>;
  /** Notes the addresses that this node has and uses, for later choices, also after a restart. */
  remember(chosen: ChosenInterface): Promise<void>;
}

/**
 * A look at the interfaces of this node. It begins with its construction and runs concurrently with other work. Its answers are used for
 * all questions that follow soon.
 */
export class InterfaceLookUp implements HostInterfaces {
  #wishes: FamilylessWishes;
  readonly #stateDirectory: string;
  #memory: AddressMemory | undefined;
  #look: Look;

  /** @param stateDirectory the directory with the note of the last start; it may not exist */
  constructor(wishes: FamilylessWishes, stateDirectory: string) {
    this.#wishes = wishes;
    this.#stateDirectory = stateDirectory;
    this.#memory = readAddressMemory(stateDirectory, JSON.stringify(wishes));
    this.#look = this.#beginLook();
  }

  /** Adds public addresses that the operator wishes, as with `--public-ip`. An option that was given counts more. */
  wishFor({ publicIp, publicIpv6 }: PublicAddresses): void {
    this.#wishes = {
      ...this.#wishes,
      publicIp: this.#wishes.publicIp ?? publicIp,
      publicIpv6: this.#wishes.publicIpv6 ?? publicIpv6,
    };
  }

  /**
   * Chooses the interface and the addresses of this node, by flanneld's rules. Throws Failure `interface` with the candidates if there is
   * none, `usage` if a wish is malformed, `prerequisite` without iproute2.
   */
  async choose(families: readonly Family[]): Promise<ChosenInterface> {
    if (performance.now() - this.#look.at > freshMs) this.#look = this.#beginLook();
    return chooseInterface({ ...this.#wishes, families }, await this.#look.facts);
  }

  chooseAgain(families: readonly Family[]): Promise<ChosenInterface> {
    this.#look = this.#beginLook();
    return this.choose(families);
  }

  see(name: string): Promise<Link | undefined> {
    return readLink(name);
  }

  async findOverlap(
    networks: readonly Cidr[],
    chosen: ChosenInterface,
    earlier: Pick<OverlapFacts, 'ownSubnets' | 'mayStand'>,
  ): Promise<Overlap | undefined> {
    const { at, facts } = this.#look;
    const isFresh = performance.now() - at <= freshMs;
    const [{ links }, ...routes] = await Promise.all([
      isFresh ? facts : this.#beginLook().facts,
      ...networks.map(readOverlappingRoutes),
    ]);
    return findOverlap(networks, chosen, { ...earlier, links, routes: routes.flat() });
  }

  async hardwareAddresses(): Promise<readonly string[]> {
    const { links } = await this.#look.facts;
    return links.flatMap(({ loopback, hardwareAddress }) => (loopback ? [] : (hardwareAddress ?? [])));
  }

  isForwarding(family: Family): Promise<boolean> {
    return isForwarding(family);
  }

  async remember({ addresses }: ChosenInterface): Promise<void> {
    const { links } = await this.#look.facts;
    const options = JSON.stringify(this.#wishes);
    this.#memory = await writeAddressMemory(this.#stateDirectory, options, links, addresses);
  }

  /** The interfaces of this network namespace. Throws a Failure without iproute2. */
  async links(): Promise<readonly Link[]> {
    const { links } = await this.#look.facts;
    return links;
  }

  /** Chooses, and gives the reason for every interface and address. Throws as {@link choose} does for malformed wishes. */
  async explain(families: readonly Family[]): Promise<ExplainedChoice> {
    return explainChoice({ ...this.#wishes, families }, await this.#look.facts);
  }

  /** Throws the error of {@link choose} if neither family has an interface. For a start that does not know the families yet. */
  async require(): Promise<void> {
    const [ipv4, ipv6] = await Promise.allSettled([this.choose([4]), this.choose([6])]);
    if (ipv4.status === 'rejected' && ipv6.status === 'rejected') throw ipv4.reason;
  }

  #beginLook(): Look {
    return { at: performance.now(), facts: ignoreErrors(readFacts(this.#wishes, this.#memory)) };
  }
}

/** A look at the kernel that has begun. */
interface Look {
  /** The time on the clock of `performance.now`. */
  readonly at: number;
  readonly facts: Promise<HostFacts>;
}

/** A caller of the promise sees its error, but there may be no caller. */
function ignoreErrors<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/**
 * Reads the facts from the kernel. Each program takes a few milliseconds of a start, so only those run whose answer a wish needs.
 */
async function readFacts(
  { iface, ifaceRegex, ifaceCanReach }: FamilylessWishes,
  memory: AddressMemory | undefined,
): Promise<HostFacts> {
  const isNamed = iface.length > 0 || ifaceRegex.length > 0 || ifaceCanReach !== undefined;
  const readRoutes = (family: Family) => (isNamed ? [] : readDefaultRoutes(family));
  const isReached = ifaceCanReach !== undefined && parseAddress(ifaceCanReach) !== undefined;
  const [links, ipv4Routes, ipv6Routes, routeToReach] = await Promise.all([
    readLinks(),
    readRoutes(4),
    readRoutes(6),
    isReached ? readRouteTo(ifaceCanReach) : undefined,
  ]);
  return { links, defaultRoutes: { 4: ipv4Routes, 6: ipv6Routes }, routeToReach, memory };
}
