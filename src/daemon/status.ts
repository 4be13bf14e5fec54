import type { Counts } from '../engine/overview.ts';
import type { NodeState } from '../event/event.ts';
import { describeSubnets } from '../lease/roster.ts';
import { describeNetwork } from '../network/configuration-text.ts';
import type { UpOptions } from './options.ts';
import type { Preparation } from './prepare.ts';
import type { RunningNetwork } from './running-network.ts';

/** What `GET /status` answers. */
export interface NodeStatus {
  readonly state: NodeState;
  readonly pid: number;
  readonly node: string;
  readonly recipe: { readonly name: string; readonly file: string; readonly type: string };
  readonly network: string;
  readonly iface: string;
  readonly lease: {
    readonly subnet: string;
    readonly publicIp: string;
    readonly expiresAt: string | null;
  } | null;
  readonly mtu: number | null;
  readonly peers: Counts & { readonly ignored: number; readonly rejected: number };
}

const noPeers = { wanted: 0, inPlace: 0, pending: 0, failing: 0, ignored: 0, rejected: 0 };

export function describeStatus(
  state: NodeState,
  options: UpOptions,
  { loaded, network, underlay }: Preparation,
  running: RunningNetwork | undefined,
): NodeStatus {
  return {
    state,
    pid: process.pid,
    node: options.nodeName,
    recipe: { name: loaded.recipe.name, file: loaded.file, type: loaded.recipe.backendType },
    network: describeNetwork(network.configuration),
    iface: underlay.name,
    lease: running === undefined ? null : describeLease(running),
    mtu: running?.leased.commands.facts.mtu ?? null,
    peers: running === undefined ? noPeers : { ...running.counts, ...withoutAccepted(running) },
  };
}

function withoutAccepted(running: RunningNetwork): { ignored: number; rejected: number } {
  const { ignored, rejected } = running.follower.roster.counts;
  return { ignored, rejected };
}

function describeLease(running: RunningNetwork): NodeStatus['lease'] {
  const { facts } = running.leased.commands;
  const { expiresAt } = running.keeper.record;
  return {
    subnet: describeSubnets(running.leased.subnets),
    publicIp: facts.publicIp ?? facts.publicIpv6 ?? '',
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  };
}
