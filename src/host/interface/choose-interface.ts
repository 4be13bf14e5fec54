import { RE2JS, RE2JSException } from 're2js';
import { Failure } from '../../diagnostic/failure.ts';
import { describeUnusable } from '../../network/address-scope.ts';
import { parseAddress, type Family } from '../../network/cidr.ts';
import { familyKey, mapFamilies, noFamily, presentValues, type PerFamily } from '../../network/per-family.ts';
import type { PublicAddresses } from '../../network/public-addresses.ts';
import type { Link, LinkAddress, Route } from './ip-output.ts';
import { rankAddresses, type AddressMemory } from './rank-addresses.ts';

/** The operator's wishes for the interface: flanneld's flags of the same names. */
export interface InterfaceWishes extends PublicAddresses {
  /** The names or addresses, tried in order. */
  readonly iface: readonly string[];
  /** The regular expressions, tried in order after the names: on every address first, then on every name. */
  readonly ifaceRegex: readonly string[];
  readonly ifaceCanReach: string | undefined;
  /** The families of the network; at least one. Each of them needs an address. */
  readonly families: readonly Family[];
}

/** The kernel's answers to the wishes, and this node's memory of its last start. */
export interface HostFacts {
  readonly links: readonly Link[];
  /** The default routes of each family, the best first. */
  readonly defaultRoutes: Readonly<Record<Family, readonly Route[]>>;
  /** The route to `ifaceCanReach`. */
  readonly routeToReach: Route | undefined;
  /** The memory of the last start; undefined at the first start. */
  readonly memory: AddressMemory | undefined;
}

/** The interface that overlay traffic uses, and the addresses at which peers reach this node. */
export interface ChosenInterface extends PublicAddresses {
  readonly name: string;
  readonly mtu: number;
  /** The interface's own addresses, for the network's families. */
  readonly addresses: PerFamily<string>;
  /** The hardware address; undefined for a device that has none. */
  readonly hardwareAddress: string | undefined;
  /** The reason for the choice, as a clause: `it has the default route`. */
  readonly because: string;
}

/** A link that fits a wish, with the addresses that made it fit, which are then used. */
interface Match {
  readonly link: Link;
  readonly insisted: PerFamily<LinkAddress>;
  readonly because: string;
}

/** The reason why a wish is not met, as a clause. */
class UnmetWish {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The result of a choice, with the reasons. */
export type InterfaceChoice =
  | { readonly kind: 'chosen'; readonly chosen: ChosenInterface; readonly refusals: readonly string[] }
  /** No wish leads to a usable interface; `refusals` holds the reason for each wish, as clauses. */
  | { readonly kind: 'none'; readonly refusals: readonly string[] };

/**
 * Chooses by flanneld's rules, in this order: each `--iface`, each `--iface-regex`, `--iface-can-reach`; without any of them, the interface
 * that has `--public-ip` or `--public-ipv6`, then the one of the default route. The first wish that leads to a usable interface decides.
 * Throws Failure `usage` for a malformed wish, `interface` for a public address that no peer can reach.
 */
export function tryChooseInterface(wishes: InterfaceWishes, facts: HostFacts): InterfaceChoice {
  checkPublicAddress('--public-ip', wishes.publicIp, 4);
  checkPublicAddress('--public-ipv6', wishes.publicIpv6, 6);
  const refusals: string[] = [];
  for (const find of listSearches(wishes, facts)) {
    const match = find();
    const chosen = match instanceof UnmetWish ? match : equip(match, wishes, facts);
    if (!(chosen instanceof UnmetWish)) return { kind: 'chosen', chosen, refusals };
    refusals.push(chosen.reason);
  }
  return { kind: 'none', refusals };
}

/** Chooses an interface. If there is none, the {@link Failure} `interface` names each wish. */
export function chooseInterface(wishes: InterfaceWishes, facts: HostFacts): ChosenInterface {
  const choice = tryChooseInterface(wishes, facts);
  if (choice.kind === 'chosen') return choice.chosen;
  throw new Failure('interface', `no usable interface was found: ${choice.refusals.join('; ')}`, {
    hint: chooseHint(facts.links, '; heddle iface explain shows why each was passed over'),
    detail: describeCandidates(facts.links),
  });
}

type Search = () => Match | UnmetWish;

function listSearches(wishes: InterfaceWishes, facts: HostFacts): Search[] {
  const { ifaceCanReach } = wishes;
  const named: Search[] = [
    ...wishes.iface.map((name) => () => findNamed(name, facts.links)),
    ...wishes.ifaceRegex.map((pattern) => {
      const regex = compile(pattern);
      return () => findMatching(regex, wishes.families, facts);
    }),
  ];
  if (ifaceCanReach !== undefined) named.push(() => findReaching(ifaceCanReach, facts));
  if (named.length > 0) return named;
  return [...findPublic(wishes, facts.links), () => findDefault(wishes.families, facts)];
}

function findNamed(wanted: string, links: readonly Link[]): Match | UnmetWish {
  if (parseAddress(wanted) === undefined) {
    const link = links.find(({ name, otherNames }) => name === wanted || otherNames.includes(wanted));
    return link === undefined
      ? new UnmetWish(`the interface ${wanted} does not exist`)
      : { link, insisted: noFamily, because: '--iface names it' };
  }
  const found = findAddress(wanted, links);
  if (found === undefined) return new UnmetWish(`no interface has the address ${wanted}`);
  const { link, address } = found;
  return { link, insisted: only(address), because: `--iface names its address ${address.text}` };
}

/** The interfaces that have a public address. As in flanneld, they decide if no other option does. */
function findPublic({ publicIp, publicIpv6, families }: InterfaceWishes, links: readonly Link[]): Search[] {
  const given = [families.includes(4) ? publicIp : undefined, families.includes(6) ? publicIpv6 : undefined];
  return given.flatMap((text) => {
    // A public address that no interface has is translated to one of their addresses on the way.
    const found = text === undefined ? undefined : findAddress(text, links);
    if (found === undefined) return [];
    const { link, address } = found;
    const flag = address.family === 4 ? '--public-ip' : '--public-ipv6';
    return [() => ({ link, insisted: only(address), because: `it has ${flag} ${address.text}` })];
  });
}

function findAddress(
  text: string,
  links: readonly Link[],
): { readonly link: Link; readonly address: LinkAddress } | undefined {
  const sought = parseAddress(text);
  for (const link of links) {
    const address = link.addresses.find(
      ({ family, value }) => family === sought?.family && value === sought.value,
    );
    if (address !== undefined) return { link, address };
  }
  return undefined;
}

function only(address: LinkAddress): PerFamily<LinkAddress> {
  return { ...noFamily, [familyKey(address.family)]: address };
}

/** Compiles a pattern in Go's syntax, as flanneld does. */
function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const why = error.message.replace(/^error parsing regexp: /, '');
    throw new Failure('usage', `--iface-regex ${pattern} is not a regular expression: ${why}`, {
      hint: 'write it in the syntax of Go, and quote it for the shell',
    });
  }
}

/** The first link that matches a pattern. Every address is tried before any name, and the best matching address of each family is used. */
function findMatching(
  regex: RE2JS,
  families: readonly Family[],
  { links, memory }: HostFacts,
): Match | UnmetWish {
  const usable = links.filter((link) => explainUnusable(link, families) === undefined);
  for (const link of usable) {
    const matching = (family: Family): LinkAddress | undefined =>
      families.includes(family)
        ? rankAddresses(link, family, memory).find(({ address }) => regex.test(address.text))?.address
        : undefined;
    const insisted = { ipv4: matching(4), ipv6: matching(6) };
    const texts = presentValues(insisted).map(({ text }) => text);
    if (texts.length > 0) {
      return {
        link,
        insisted,
        because: `--iface-regex ${regex.pattern()} matches its address ${texts.join(' and ')}`,
      };
    }
  }
  const link = usable.find(({ name }) => regex.test(name));
  return link === undefined
    ? new UnmetWish(
        `--iface-regex ${regex.pattern()} does not match an address or name of a usable interface`,
      )
    : { link, insisted: noFamily, because: `--iface-regex ${regex.pattern()} matches its name` };
}

function findReaching(target: string, { links, routeToReach }: HostFacts): Match | UnmetWish {
  if (parseAddress(target) === undefined) {
    throw new Failure('usage', `--iface-can-reach ${target} is not an IP address`, {
      hint: 'give the address of a host that this node reaches by the interface that you want',
    });
  }
  if (routeToReach?.type === 'local') {
    return new UnmetWish(`--iface-can-reach ${target} is an address of this machine`);
  }
  const link = links.find(({ name }) => name === routeToReach?.device);
  if (link === undefined || routeToReach === undefined) return new UnmetWish(`no route to ${target}`);
  const address = link.addresses.find(({ text }) => text === routeToReach.source);
  return {
    link,
    insisted: address === undefined ? noFamily : only(address),
    because: `it reaches ${target}`,
  };
}

/** The interface of the default route. Both families must agree, because a node has one interface. */
function findDefault(families: readonly Family[], { links, defaultRoutes }: HostFacts): Match | UnmetWish {
  const devices = families.map((family) => defaultRoutes[family].find(isUsable)?.device);
  const missing = families.filter((_, index) => devices[index] === undefined);
  if (missing.length > 0) {
    return new UnmetWish(`no default route for ${missing.map((family) => `IPv${family}`).join(' and ')}`);
  }
  const [first, second] = devices;
  if (second !== undefined && first !== second) {
    return new UnmetWish(
      `the default routes use different interfaces: ${first ?? ''} for IPv4, ${second} for IPv6`,
    );
  }
  const link = links.find(({ name }) => name === first);
  return link === undefined
    ? new UnmetWish(`the default route uses ${first ?? ''}, which does not exist any more`)
    : { link, insisted: noFamily, because: 'it has the default route' };
}

function isUsable({ type, device }: Route): boolean {
  return type === 'unicast' && device !== undefined;
}

/** Adds the addresses to a link that was found, or the reason why it cannot be used. */
function equip(
  { link, insisted, because }: Match,
  { families, publicIp, publicIpv6 }: InterfaceWishes,
  { memory }: HostFacts,
): ChosenInterface | UnmetWish {
  const unusable = explainUnusable(link, families);
  if (unusable !== undefined) return new UnmetWish(unusable);
  const ownAddress = (family: Family): string | undefined =>
    (insisted[familyKey(family)] ?? rankAddresses(link, family, memory)[0]?.address)?.text;
  const used: PerFamily<Family> = {
    ipv4: families.includes(4) ? 4 : undefined,
    ipv6: families.includes(6) ? 6 : undefined,
  };
  const addresses = mapFamilies(used, ownAddress);
  return {
    name: link.name,
    mtu: link.mtu,
    addresses,
    hardwareAddress: link.hardwareAddress,
    publicIp: addresses.ipv4 === undefined ? undefined : (publicIp ?? addresses.ipv4),
    publicIpv6: addresses.ipv6 === undefined ? undefined : (publicIpv6 ?? addresses.ipv6),
    because,
  };
}

/** The reason why a link cannot be used for a network of these families, as a clause; undefined if it can. */
export function explainUnusable(link: Link, families: readonly Family[]): string | undefined {
  if (!link.up) return `interface ${link.name} is down`;
  if (link.mtu <= 0) return `interface ${link.name} does not have an MTU`;
  const lacking = families.find((family) => rankAddresses(link, family, undefined).length === 0);
  return lacking === undefined ? undefined : `interface ${link.name} does not have an IPv${lacking} address`;
}

function checkPublicAddress(flag: string, text: string | undefined, family: Family): void {
  if (text === undefined) return;
  const address = parseAddress(text);
  if (address?.family !== family)
    throw new Failure('usage', `${flag} ${text} is not an IPv${family} address`, {
      hint: `give an address such as ${family === 4 ? '192.0.2.7' : '2001:db8::7'}`,
    });
  if (describeUnusable(address) !== undefined) {
    throw new Failure('interface', `${flag} ${text} is not an address that peers can reach`, {
      hint: 'give the address at which other nodes reach this one',
    });
  }
}

/**
 * The cure where no interface can be used, in the imperative.
 *
 * @param more a clause that follows where an interface can be chosen
 */
export function chooseHint(links: readonly Pick<Link, 'loopback'>[], more = ''): string {
  return links.every(({ loopback }) => loopback)
    ? 'give this machine a network interface with an address first; in a container, check the network that it was started with'
    : `use --iface to choose an interface that is up and has an address${more}`;
}

/** The interfaces of the machine, for a message: at most twenty, those with an address first. */
function describeCandidates(links: readonly Link[]): string {
  const candidates = links
    .filter(({ loopback }) => !loopback)
    .sort((a, b) => Number(b.addresses.length > 0) - Number(a.addresses.length > 0));
  if (candidates.length === 0)
    return 'This machine has only the loopback interface, which peers cannot reach.';
  const lines = candidates.slice(0, 20).map(describeLink);
  if (candidates.length > 20) lines.push(`  … and ${candidates.length - 20} more`);
  return ['The interfaces of this machine:', ...lines].join('\n');
}

function describeLink({ name, up, addresses }: Link): string {
  const own = addresses.map(({ text }) => text).join(', ');
  return `  ${name}${up ? '' : ' (down)'}: ${own === '' ? 'no address' : own}`;
}
