import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import { readDefaultRoutes } from '../../host/interface/links.ts';
import { findMissingPrograms } from '../../host/programs.ts';
import { formatCidr, parseAddress, type Family } from '../../network/cidr.ts';
import { networksOf, type NetworkConfiguration } from '../../network/configuration.ts';
import { familyKey, mapFamilies } from '../../network/per-family.ts';
import type { Overhead } from '../../recipe/recipe.ts';
import type { NetworkFacts, PeerPath, StartFacts } from '../facts.ts';
import type { ArrivingPacket } from '../firewall/packet.ts';
import { readKernelSettings } from './kernel-settings.ts';
import { readMacPolicies } from './mac-policies.ts';
import { readPeerPaths } from './peer-paths.ts';
import { readRules } from './rules.ts';
import { readStartFacts, type StartedNetwork } from './start-facts.ts';

/** A network that a start would bring up, with what the start would know about it. */
interface DecidedNetwork extends StartedNetwork {
  readonly configuration: NetworkConfiguration;
  readonly underlay: ChosenInterface;
  readonly overhead: Overhead | undefined;
  readonly underlayMtu: number;
  /** Whether heddle sets rules that accept forwarded packets. */
  readonly forward: boolean;
  /** The public addresses of the peers in the store. */
  readonly peerAddresses: readonly string[];
  /** Whether to send packets to peers. */
  readonly probes: boolean;
}

/** Reads all facts that the checks need. Changes nothing. Throws a Failure without iproute2. */
export async function readNetworkFacts(network: DecidedNetwork): Promise<NetworkFacts> {
  const { configuration, underlay, overhead, underlayMtu, forward, probes } = network;
  const families = networksOf(configuration).map(({ family }) => family);
  const addresses = network.peerAddresses.flatMap((address) => {
    const family = parseAddress(address)?.family;
    return family === undefined ? [] : [{ address, family }];
  });
  const [start, settings, rules, macPolicies, peers, ipv4, ipv6] = await Promise.all([
    readStartFacts(network),
    readKernelSettings(underlay.name),
    readRules(families),
    readMacPolicies(),
    readPeerPaths(addresses, probes ? underlay.mtu : undefined),
    readDefaultDevice(4),
    readDefaultDevice(6),
  ]);
  return {
    ...start,
    underlay,
    overhead,
    underlayMtu,
    networks: mapFamilies(configuration, (range) => formatCidr(range.network)),
    settings,
    rules,
    traffic: { forward, tool: findTrafficTool(configuration) },
    macPolicies,
    peers,
    defaultDevices: { ipv4, ipv6 },
    packets: listPackets(start, underlay, families, peers),
  };
}

async function readDefaultDevice(family: Family): Promise<string | undefined> {
  const [route] = await readDefaultRoutes(family);
  return route?.device;
}

/** The tool that sets the rules for traffic, as src/host/traffic/keep-rules.ts chooses it. */
function findTrafficTool({ enableNftables }: NetworkConfiguration): NetworkFacts['traffic']['tool'] {
  if (enableNftables) return 'nftables';
  if (findMissingPrograms(['iptables']).length === 0) return 'iptables';
  return findMissingPrograms(['nft']).length === 0 ? 'nftables' : 'none';
}

/** The packets that must pass the firewall: from a few peers, or from an unknown one, to each port of the recipe. */
function listPackets(
  { plan }: StartFacts,
  underlay: ChosenInterface,
  families: readonly Family[],
  peers: readonly PeerPath[],
): readonly ArrivingPacket[] {
  const ports = [...new Set(plan.devices.flatMap(({ port }) => port ?? []))];
  return families.flatMap((family) => {
    const to = underlay.addresses[familyKey(family)];
    const known = peers.filter((peer) => peer.family === family).map(({ address }) => address);
    const senders = known.length === 0 ? [undefined] : known;
    return ports.flatMap((port) =>
      senders.map((from) => ({ family, protocol: 'udp' as const, port, device: underlay.name, from, to })),
    );
  });
}
