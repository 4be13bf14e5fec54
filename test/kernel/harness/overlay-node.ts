import { endianness } from 'node:os';
import { strangerOf } from '../../../src/engine/check.ts';
import { checkPeer } from '../../../src/lease/check-peer.ts';
import type { Json, Lease, LeaseSubnets, Peer } from '../../../src/lease/lease.ts';
import { parseLinkRoutes } from '../../../src/host/interface/proc-routes.ts';
import { contains, formatCidr, parseCidr, type Cidr } from '../../../src/network/cidr.ts';
import {
  networksOf,
  type NetworkConfiguration,
  type SubnetRange,
} from '../../../src/network/configuration.ts';
import { LinkRoutes } from '../../../src/network/link-routes.ts';
import {
  nodeVariables,
  ownVariables,
  peerVariables,
  type NodeFacts,
} from '../../../src/contract/environment.ts';
import { formatPeerLine } from '../../../src/contract/peer-line.ts';
import { overlayMtus } from '../../../src/contract/mtu.ts';
import { commandText } from '../../../src/recipe/command-text.ts';
import { resolveParameters } from '../../../src/recipe/parameters.ts';
import type { CommandName, ParameterValue, Recipe } from '../../../src/recipe/recipe.ts';
import type { Host, CommandEnd } from './host.ts';
import { shellOf } from './host-shell.ts';
import { whileListening, type Listener } from './listen.ts';
import { dash, type TestShell } from './test-shell.ts';
import { runWhatCompiles } from './wave-runs.ts';

/** The address families of the overlay. */
type Families = 'ipv4' | 'ipv6' | 'dual-stack';

export interface OverlayOptions {
  readonly families?: Families;
  readonly parameters?: Values;
  readonly shell?: TestShell;
  /** In place of the address of eth0, as `--public-ip` says. */
  readonly publicIp?: string;
  /** In place of the address of eth0 that ends in the host's number. */
  readonly publicIpv6Prefix?: string;
  /** In place of the host's number. */
  readonly subnetNumber?: number;
  /** The variables of the daemon that the recipe's `Environment` names. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Peers to add and to remove. */
interface PeerChanges {
  readonly add?: readonly OverlayNode[];
  readonly remove?: readonly OverlayNode[];
  /** The subnets of peers to remove of which no more is known. */
  readonly forget?: readonly string[];
}

type Values = Readonly<Record<string, ParameterValue>>;

const ifaceMtu = 1500;
const stateDirectory = '/run/state';

/**
 * A node of an overlay: runs a recipe's commands on a host with what the contract gives them, without a daemon. Leases go
 * from node to node through the same checks that a daemon makes.
 */
export class OverlayNode {
  readonly host: Host;
  readonly subnets: LeaseSubnets;
  readonly #recipe: Recipe;
  readonly #facts: NodeFacts;
  readonly #shell: TestShell;
  readonly #given: Readonly<Record<string, string>>;
  /** Who was added and not removed since, by name. */
  readonly #added = new Map<string, OverlayNode>();
  #published: { readonly v4: Json | undefined; readonly v6: Json | undefined } = {
    v4: undefined,
    v6: undefined,
  };

  constructor(host: Host, recipe: Recipe, options: OverlayOptions = {}) {
    const { families = 'ipv4', parameters = {}, shell = dash, subnetNumber = host.number } = options;
    this.host = host;
    this.subnets = {
      ipv4: families === 'ipv6' ? undefined : readCidr(`10.50.${subnetNumber}.0/24`),
      ipv6: families === 'ipv4' ? undefined : readCidr(`fd00:50:0:${subnetNumber}::/64`),
    };
    const values = settleParameters(recipe, parameters);
    this.#recipe = recipe;
    this.#shell = shell;
    this.#given = options.environment ?? {};
    this.#facts = {
      network: networkOf(families),
      nodeName: `node${host.number}`,
      iface: 'eth0',
      ifaceMtu,
      mtus: overlayMtus(recipe, values, ifaceMtu, networkOf(families)),
      stateDirectory,
      publicIp: families === 'ipv6' ? undefined : (options.publicIp ?? host.publicIp),
      publicIpv6: families === 'ipv4' ? undefined : publicIpv6Of(host, options),
      localAddresses: {
        ipv4: families === 'ipv6' ? undefined : host.publicIp,
        ipv6: families === 'ipv4' ? undefined : publicIpv6Of(host, {}),
      },
      parameters: recipe.parameters,
      parameterValues: values,
    };
  }

  /** The subnet by which CheckCommand names this node to others. */
  get name(): string {
    const subnet = this.subnets.ipv4 ?? this.subnets.ipv6;
    return subnet === undefined ? '' : formatCidr(subnet);
  }

  /** What PreStartup printed, as it stands in the lease. */
  get published(): { readonly v4: Json | undefined; readonly v6: Json | undefined } {
    return this.#published;
  }

  /** Brings this node up, alone: PreStartup, then PostStartup. */
  async start(): Promise<void> {
    await this.preStartup();
    await this.succeed('PostStartupCommand');
  }

  async preStartup(): Promise<void> {
    const { stdout } = await this.succeed('PreStartupCommand');
    const { ipv4, ipv6 } = this.subnets;
    if (this.#recipe.backendData.format === 'text') {
      this.#published = { v4: stdout === '' ? undefined : stdout, v6: undefined };
      return;
    }
    const lines = stdout.split('\n').filter(Boolean);
    const read = (): Json => JSON.parse(lines.shift() ?? 'null') as Json;
    this.#published = { v4: ipv4 && read(), v6: ipv6 && read() };
  }

  /** Puts other backend data on this node's lease than PreStartup printed, as another implementation may. */
  publish(v4: Json): void {
    this.#published = { v4, v6: undefined };
  }

  async add(peer: OverlayNode): Promise<void> {
    await this.succeed('SubnetAddCommand', await this.#see(peer));
    this.#added.set(peer.name, peer);
  }

  async remove(peer: OverlayNode): Promise<void> {
    await this.succeed('SubnetRemoveCommand', await this.#see(peer));
    this.#added.delete(peer.name);
  }

  /** Removes a peer of which no more than its subnet is known, as the engine does with what nothing accounts for. */
  async removeStranger(subnet: string): Promise<void> {
    await this.succeed('SubnetRemoveCommand', strangerOf(subnet));
  }

  /** Adds and removes peers many at once, the removes first: by the recipe's own batch command, or compiled. */
  async batch(changes: PeerChanges): Promise<void> {
    const { add = [], remove = [], forget = [] } = changes;
    const removed = [...(await this.#seeAll(remove)), ...forget.map(strangerOf)];
    await this.runMany({ remove: removed, add: await this.#seeAll(add) });
    for (const peer of changes.remove ?? []) this.#added.delete(peer.name);
    for (const peer of changes.add ?? []) this.#added.set(peer.name, peer);
  }

  /** Does the same for peers of which only the leases exist. Throws if a peer fails. */
  async runMany({
    remove,
    add,
  }: {
    readonly remove: readonly Peer[];
    readonly add: readonly Peer[];
  }): Promise<void> {
    const { backendData, commands } = this.#recipe;
    if (commands.SubnetBatchCommand !== undefined) {
      const removes = remove.map((peer) => formatPeerLine('remove', peer, backendData));
      const adds = add.map((peer) => formatPeerLine('add', peer, backendData));
      await this.succeed(
        'SubnetBatchCommand',
        [...removes, ...adds].map((line) => `${line ?? ''}\n`).join(''),
      );
      return;
    }
    await this.#runCompiled('SubnetRemoveCommand', remove);
    await this.#runCompiled('SubnetAddCommand', add);
  }

  async #runCompiled(
    name: 'SubnetAddCommand' | 'SubnetRemoveCommand',
    peers: readonly Peer[],
  ): Promise<void> {
    const command = this.#recipe.commands[name];
    if (command === undefined) return;
    const inputs = peers.map((peer) => ({ environment: this.#environment(name, peer), stdin: peer.stdin }));
    const ends = await runWhatCompiles(shellOf(this.host), commandText(command), inputs, {
      exitsOnFailure: command.form === 'lines',
      cwd: stateDirectory,
    });
    for (const [index, end] of ends.entries()) {
      const peer = peers[index];
      if (end === 'shell') await this.succeed(name, peer);
      else if (end.kind !== 'succeeded')
        throw new Error(`${name} of ${peer?.key ?? ''}: ${JSON.stringify(end)}`);
    }
  }

  /**
   * The subnets that CheckCommand finds in place, in order, or why it finds the network broken. It is asked for the
   * peers that were added, or for others that should be there.
   */
  async check(
    expected: Iterable<OverlayNode> = this.#added.values(),
  ): Promise<readonly string[] | { readonly broken: string }> {
    const peers = await this.#seeAll([...expected]);
    const input = peers
      .map((peer) => `${formatPeerLine('add', peer, this.#recipe.backendData) ?? ''}\n`)
      .join('');
    const { exitCode, stdout, stderr } = await this.run('CheckCommand', input);
    return exitCode === 0 ? namesOf(stdout.split('\n').filter(Boolean), peers) : { broken: stderr };
  }

  /** Does some work while MonitorCommand runs. `proof` is a route that it tells of, as `ip route add` takes it. */
  async monitor(proof: string, work: (listener: Listener) => Promise<void>): Promise<void> {
    const command = this.#recipe.commands.MonitorCommand;
    if (command === undefined) throw new Error('the recipe has no MonitorCommand');
    const environment = this.#environment('MonitorCommand', undefined);
    await whileListening(this.host, { command: this.#shell.arguments(command), environment, proof }, work);
  }

  /** Runs a command that has to succeed. One that the recipe does not have succeeds. */
  async succeed(name: CommandName, about?: Peer | string): Promise<CommandEnd> {
    const ran = await this.run(name, about);
    if (ran.exitCode !== 0) {
      throw new Error(
        `${name} on ${this.#facts.nodeName} exited with ${ran.exitCode}: ${ran.stderr}${ran.stdout}`,
      );
    }
    return ran;
  }

  /** Runs a command of the recipe by the contract: about a peer, about the peers of these lines, or about this node itself. */
  async run(name: CommandName, about?: Peer | string): Promise<CommandEnd> {
    const command = this.#recipe.commands[name];
    if (command === undefined) return { exitCode: 0, stdout: '', stderr: '' };
    const [peer, input] = typeof about === 'string' ? [undefined, about] : [about, about?.stdin ?? ''];
    return this.host.run(this.#shell.arguments(command), {
      environment: this.#environment(name, peer),
      input,
    });
  }

  #environment(name: CommandName, peer: Peer | undefined): Readonly<Record<string, string>> {
    const own = name === 'PreStartupCommand' ? undefined : this.subnets;
    return {
      PATH: process.env['PATH'] ?? '',
      ...this.#given,
      ...nodeVariables(this.#facts, own),
      ...(peer !== undefined && peerVariables(peer)),
      ...(peer === undefined && name !== 'SubnetBatchCommand' && ownVariables(this.#facts, own)),
    };
  }

  /** What this node makes of others' leases. */
  #seeAll(others: readonly OverlayNode[]): Promise<readonly Peer[]> {
    return Promise.all(others.map((other) => this.#see(other)));
  }

  async #see(other: OverlayNode): Promise<Peer> {
    const verdict = checkPeer(other.#lease(), {
      network: this.#facts.network,
      backendType: this.#recipe.backendType,
      backendData: this.#recipe.backendData,
      agreed: [],
      ownIdentities: [],
      allowOverlap: false,
      ownAddresses: [this.#facts.publicIp, this.#facts.publicIpv6].filter((address) => address !== undefined),
    });
    if (verdict.kind !== 'peer') throw new Error(`${other.name} is no peer: ${JSON.stringify(verdict)}`);
    return {
      ...verdict.peer,
      link: { devices: (await this.#routes()).devicesOf(verdict.peer), matters: true },
    };
  }

  async #routes(): Promise<LinkRoutes> {
    const [ipv4, ipv6] = await Promise.all([
      this.host.sh('cat /proc/net/route'),
      this.host.sh('cat /proc/net/ipv6_route'),
    ]);
    const order = endianness();
    const networks = networksOf(this.#facts.network);
    const routes = [...parseLinkRoutes(ipv4, 4, order), ...parseLinkRoutes(ipv6, 6, order)];
    return new LinkRoutes(
      routes.filter(({ destination }) => !networks.some((network) => contains(network, destination))),
    );
  }

  #lease(): Lease {
    return {
      key: this.name,
      subnets: this.subnets,
      attributes: {
        publicIp: this.#facts.publicIp,
        publicIpv6: this.#facts.publicIpv6,
        backendType: this.#recipe.backendType,
        backendData: this.#published.v4,
        backendV6Data: this.#published.v6,
      },
      expiresAt: undefined,
    };
  }
}

function publicIpv6Of(host: Host, { publicIpv6Prefix }: OverlayOptions): string {
  return publicIpv6Prefix === undefined ? host.publicIpv6 : `${publicIpv6Prefix}${host.number}`;
}

function settleParameters(recipe: Recipe, given: NonNullable<OverlayOptions['parameters']>): Values {
  const resolved = resolveParameters(recipe, given, []);
  if (resolved.kind === 'valid') return resolved.values;
  throw new Error(resolved.problems.map(({ message }) => message).join('; '));
}

function networkOf(families: Families): NetworkConfiguration {
  return {
    ipv4: families === 'ipv6' ? undefined : rangeOf('10.50.0.0/16', 24),
    ipv6: families === 'ipv4' ? undefined : rangeOf('fd00:50::/48', 64),
    enableNftables: false,
  };
}

function rangeOf(network: string, subnetLength: number): SubnetRange {
  const cidr = readCidr(network);
  return { network: cidr, subnetLength, subnetMin: cidr, subnetMax: cidr };
}

function readCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text} is no network`);
  return cidr;
}

/** The names of the expected peers that are in place, by one subnet or by both, and the other subnets that CheckCommand printed. */
function namesOf(printed: readonly string[], expected: readonly Peer[]): readonly string[] {
  const found = new Set(printed);
  const printsEach = expected.some(
    ({ subnet, ipv6Subnet = '' }) => subnet !== undefined && found.has(ipv6Subnet),
  );
  const names: string[] = [];
  for (const { subnet, ipv6Subnet } of expected) {
    const subnets = [subnet, ipv6Subnet].filter((each) => each !== undefined);
    const [name = ''] = subnets;
    if (printsEach ? subnets.every((each) => found.has(each)) : found.has(name)) names.push(name);
    for (const each of subnets) found.delete(each);
  }
  return [...names, ...found].sort();
}
