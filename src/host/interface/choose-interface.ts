import { Failure } from '../../diagnostic/failure.ts';
import { describeUnusable, isLinkLocal, isLoopback } from '../../network/address-scope.ts';
import { parseAddress, type Family } from '../../network/cidr.ts';
import type { PublicAddresses } from '../../network/public-addresses.ts';
import type { Link, LinkAddress, Route } from './ip-output.ts';

/** The operator's wishes for the interface: flanneld's flags of the same names. */
export interface InterfaceWishes extends PublicAddresses {
  /** Names or addresses, tried in order. */
  readonly iface: readonly string[];
  /** Regular expressions, tried in order after the names: on every address first, then on every name. */
  readonly ifaceRegex: readonly string[];
  readonly ifaceCanReach: string | undefined;
  /** The families of the network; at least one. Only they need an address. */
  readonly families: readonly Family[];
}

/** The kernel's answers, as far as the wishes need them. */
export interface HostFacts {
  readonly links: readonly Link[];
  /** The default routes of a family, the best first. */
  readonly defaultRoutes: Readonly<Record<Family, readonly Route[]>>;
  /** The way to `ifaceCanReach`. */
  readonly routeToReach: Route | undefined;
}

/** The interface that overlay traffic uses, and the addresses that peers reach this node at. */
export interface ChosenInterface extends PublicAddresses {
  readonly name: string;
  readonly mtu: number;
  /** The interface's own addresses; undefined for a family that the network has not. */
  readonly address: string | undefined;
  readonly address6: string | undefined;
  /** Why this one, as a clause: `it has the default route`. */
  readonly because: string;
}

/** A link that fits a wish, and the address that made it fit, which is then the one to use. */
interface Match {
  readonly link: Link;
  readonly address?: LinkAddress | undefined;
  readonly because: string;
}

/** Why a wish leads nowhere, as a clause. */
class UnmetWish {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/**
 * Chooses by flanneld's rules: `--iface` and `--iface-regex` in order, else `--iface-can-reach`, else the default
 * route. If a wish does not match, the next one is tried. If none matches, the {@link Failure} `interface` names each
 * of them.
 */
export function chooseInterface(wishes: InterfaceWishes, facts: HostFacts): ChosenInterface {
  checkPublicAddress('--public-ip', wishes.publicIp, 4);
  checkPublicAddress('--public-ipv6', wishes.publicIpv6, 6);
  const refusals: string[] = [];
  for (const find of listSearches(wishes, facts)) {
    const match = find();
    const chosen = match instanceof UnmetWish ? match : equip(match, wishes);
    if (!(chosen instanceof UnmetWish)) return chosen;
    refusals.push(chosen.reason);
  }
  throw new Failure('interface', `no usable interface was found: ${refusals.join('; ')}`, {
    hint: 'use --iface to choose an interface that is up and has an address',
    detail: describeCandidates(facts.links),
  });
}

function listSearches(wishes: InterfaceWishes, facts: HostFacts): (() => Match | UnmetWish)[] {
  const named = [
    ...wishes.iface.map((name) => () => findNamed(name, facts.links)),
    ...wishes.ifaceRegex.map((pattern) => {
      const regex = compile(pattern);
      return () => findMatching(regex, pattern, wishes.families, facts.links);
    }),
  ];
  if (named.length > 0) return named;
  const { ifaceCanReach } = wishes;
  if (ifaceCanReach !== undefined) return [() => findReaching(ifaceCanReach, facts)];
  return [() => findDefault(wishes.families, facts)];
}

function findNamed(wanted: string, links: readonly Link[]): Match | UnmetWish {
  const sought = parseAddress(wanted);
  if (sought === undefined) {
    const link = links.find(({ name, otherNames }) => name === wanted || otherNames.includes(wanted));
    return link === undefined
      ? new UnmetWish(`the interface ${wanted} does not exist`)
      : { link, because: '--iface names it' };
  }
  for (const link of links) {
    const address = link.addresses.find((own) => own.family === sought.family && own.value === sought.value);
    if (address !== undefined) return { link, address, because: `--iface names its address ${address.text}` };
  }
  return new UnmetWish(`no interface has the address ${wanted}`);
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = error.message.slice(error.message.lastIndexOf(': ') + 2).toLowerCase();
    throw new Failure('usage', `--iface-regex ${pattern} is not a regular expression: ${why}`);
  }
}

function findMatching(
  regex: RegExp,
  pattern: string,
  families: readonly Family[],
  links: readonly Link[],
): Match | UnmetWish {
  const usable = links.filter((link) => explainUnusable(link, families) === undefined);
  for (const link of usable) {
    const address = link.addresses.find(({ family, text }) => families.includes(family) && regex.test(text));
    if (address !== undefined) {
      return { link, address, because: `--iface-regex ${pattern} matches its address ${address.text}` };
    }
  }
  const link = usable.find(({ name }) => regex.test(name));
  return link === undefined
    ? new UnmetWish(`--iface-regex ${pattern} does not match an address or name of a usable interface`)
    : { link, because: `--iface-regex ${pattern} matches its name` };
}

function findReaching(target: string, { links, routeToReach }: HostFacts): Match | UnmetWish {
  if (parseAddress(target) === undefined) {
    throw new Failure('usage', `--iface-can-reach ${target} is not an IP address`);
  }
  if (routeToReach?.type === 'local') {
    return new UnmetWish(`--iface-can-reach ${target} is an address of this machine`);
  }
  const link = links.find(({ name }) => name === routeToReach?.device);
  if (link === undefined || routeToReach === undefined) return new UnmetWish(`no route to ${target}`);
  const address = link.addresses.find(({ text }) => text === routeToReach.source);
  return { link, address, because: `it reaches ${target}` };
}

/** Both families must agree, as a node has one interface. */
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
    : { link, because: 'it has the default route' };
}

function isUsable({ type, device }: Route): boolean {
  return type === 'unicast' && device !== undefined;
}

/** Finds the addresses of a link that was found, or says why it cannot be used. */
function equip({ link, address, because }: Match, wishes: InterfaceWishes): ChosenInterface | UnmetWish {
  const { families, publicIp, publicIpv6 } = wishes;
  const unusable = explainUnusable(link, families);
  if (unusable !== undefined) return new UnmetWish(unusable);
  const ownAddress = (family: Family) => {
    if (!families.includes(family)) return undefined;
    return address?.family === family ? address.text : firstAddress(link, family);
  };
  const ipv4 = ownAddress(4);
  const ipv6 = ownAddress(6);
  return {
    name: link.name,
    mtu: link.mtu,
    address: ipv4,
    address6: ipv6,
    publicIp: ipv4 === undefined ? undefined : (publicIp ?? ipv4),
    publicIpv6: ipv6 === undefined ? undefined : (publicIpv6 ?? ipv6),
    because,
  };
}

function explainUnusable(link: Link, families: readonly Family[]): string | undefined {
  if (!link.up) return `interface ${link.name} is down`;
  if (link.mtu <= 0) return `interface ${link.name} does not have an MTU`;
  const lacking = families.find((family) => firstAddress(link, family) === undefined);
  return lacking === undefined ? undefined : `interface ${link.name} does not have an IPv${lacking} address`;
}

/** The first address that other machines can use, or else a link-local one. */
function firstAddress(link: Link, family: Family): string | undefined {
  const own = link.addresses.filter((address) => address.family === family && !isLoopback(address));
  const ranked = [
    own.find((address) => address.preferred && !isLinkLocal(address)),
    own.find((address) => !isLinkLocal(address)),
    own[0],
  ];
  return ranked.find((address) => address !== undefined)?.text;
}

function checkPublicAddress(flag: string, text: string | undefined, family: Family): void {
  if (text === undefined) return;
  const address = parseAddress(text);
  if (address?.family !== family)
    throw new Failure('usage', `${flag} ${text} is not an IPv${family} address`);
  if (describeUnusable(address) !== undefined) {
    throw new Failure('interface', `${flag} ${text} is not an address that peers can reach`, {
      hint: 'give the address at which other nodes reach this one',
    });
  }
}

/** The interfaces that there are, for a message: at most twenty, those with an address first. */
function describeCandidates(links: readonly Link[]): string {
  const candidates = links
    .filter(({ loopback }) => !loopback)
    .sort((a, b) => Number(b.addresses.length > 0) - Number(a.addresses.length > 0));
  if (candidates.length === 0) return 'This machine has only the loopback interface.';
  const lines = candidates.slice(0, 20).map(describeLink);
  if (candidates.length > 20) lines.push(`  … and ${candidates.length - 20} more`);
  return ['The interfaces of this machine:', ...lines].join('\n');
}

function describeLink({ name, up, addresses }: Link): string {
  const own = addresses.map(({ text }) => text).join(', ');
  return `  ${name}${up ? '' : ' (down)'}: ${own === '' ? 'no address' : own}`;
}
