import type { Failure } from '../diagnostic/failure.ts';
import type { ChosenInterface } from '../host/interface/choose-interface.ts';
import type { Link } from '../host/interface/ip-output.ts';
import type { PerFamily } from '../network/per-family.ts';
import type { Overhead } from '../recipe/recipe.ts';
import type { DevicePlan } from './devices/planned-devices.ts';
import type { ArrivingPacket } from './firewall/packet.ts';

/** The facts for the checks that a start makes as well: a few files, and what the start has read anyway. */
export interface StartFacts {
  readonly plan: DevicePlan;
  readonly links: readonly Link[];
  readonly sockets: readonly UdpSocket[];
  readonly modules: ReadonlyMap<string, ModuleState>;
  /** Whether an earlier network of this node may be up, which a start takes over or takes down before it begins. */
  readonly hasEarlierNetwork: boolean;
  readonly families: PerFamily<unknown>;
  /** Whether the program wireguard-go is on PATH. */
  readonly hasWireguardGo: boolean;
}

/** A UDP socket of this network namespace. */
export interface UdpSocket {
  readonly family: 4 | 6;
  readonly port: number;
  /** Whether it is bound to all addresses. */
  readonly isWildcard: boolean;
  /** The process that has it, as text; undefined if none is seen, so that it is perhaps the kernel's own, for a tunnel device. */
  readonly owner: string | undefined;
}

/** The state of a kernel module. `unknown`: this host does not show the modules that it could load. */
export type ModuleState = 'present' | 'loadable' | 'absent' | 'unknown';

/** The facts about a host for a recipe and a network. */
export interface NetworkFacts extends StartFacts {
  readonly underlay: Pick<ChosenInterface, 'name' | 'mtu' | 'publicIp' | 'publicIpv6' | 'addresses'>;
  readonly overhead: Overhead | undefined;
  /** The MTU of the interface, or the value of the parameter MTU. */
  readonly underlayMtu: number;
  /** The networks as text. */
  readonly networks: PerFamily<string>;
  readonly settings: KernelSettings;
  readonly rules: Rules;
  /** How heddle sets the rules for traffic. */
  readonly traffic: { readonly forward: boolean; readonly tool: 'iptables' | 'nftables' | 'none' };
  readonly macPolicies: MacPolicies;
  /** The peers in the store, without this node. */
  readonly peers: readonly PeerPath[];
  /** The device of the default route of each family. */
  readonly defaultDevices: PerFamily<string>;
  readonly packets: readonly ArrivingPacket[];
}

/** Values below /proc/sys; undefined for a file that does not exist. */
export interface KernelSettings {
  readonly forwarding: PerFamily<string>;
  /** bridge-nf-call-iptables and bridge-nf-call-ip6tables. */
  readonly bridgeFilter: PerFamily<string>;
  /** rp_filter of all interfaces, and of the chosen one. */
  readonly reversePath: { readonly all: string | undefined; readonly own: string | undefined };
}

/** The firewall rules of this host. A text is undefined if it cannot be read. */
export interface Rules {
  /** The output of `iptables-save -t filter`, by program. */
  readonly iptables: readonly { readonly family: 4 | 6; readonly program: string; readonly text: string }[];
  /** The output of `nft -j list ruleset`. */
  readonly nft: string | undefined;
  /** The reason why the rules cannot be read, as a clause. */
  readonly unreadable: string | undefined;
}

/** The files of systemd that decide about MAC addresses. */
export interface MacPolicies {
  /** Whether systemd-udevd runs. */
  readonly isUdevRunning: boolean;
  /** The .link files in the order in which udev reads them. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** The way to a peer. */
export interface PeerPath {
  readonly address: string;
  readonly family: 4 | 6;
  /** The device that the kernel would send by; undefined without a route. */
  readonly device: string | undefined;
  /** The result of two pings; undefined if none were wanted, and a Failure if none can be sent. */
  readonly probe: 'whole' | 'small-only' | 'silent' | Failure | undefined;
}
