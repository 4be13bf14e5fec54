import type { Counts } from '../../engine/overview.ts';
import type { NodeState } from '../../event/event.ts';
import type { SharedAddress } from '../../lease/address-claims.ts';
import { describeSubnets } from '../../lease/roster.ts';
import { describeNetwork } from '../../network/configuration-text.ts';
import type { DriftRepair } from '../peers/drift-report.ts';
import type { UpOptions } from '../setup/options.ts';
import { joinOutages, type Outage } from '../lease/outage-log.ts';
import { describePeers } from './peer-status.ts';
import type { PeerStatus } from './peer-status.ts';
import type { Preparation } from '../setup/prepare.ts';
import type { RunningNetwork } from '../network/running-network.ts';

/** What `GET /status` answers. */
export interface NodeStatus {
  readonly state: NodeState;
  /** Why it is degraded; null if it is not. */
  readonly because: string | null;
  readonly pid: number;
  readonly node: string;
  readonly startedAt: string;
  readonly recipe: { readonly name: string; readonly file: string; readonly type: string };
  readonly network: string;
  readonly store: string;
  /** That the store cannot be reached; null while it can. */
  readonly storeOutage: StoreOutage | null;
  readonly iface: string;
  readonly lease: LeaseStatus | null;
  readonly mtu: number | null;
  readonly counts: Counts & { readonly ignored: number; readonly rejected: number };
  readonly peers: readonly PeerStatus[];
  readonly rejections: readonly { readonly key: string; readonly because: string }[];
  /** Underlay addresses that several peers claim. */
  readonly sharedAddresses: readonly SharedAddress[];
  readonly lastDrift: DriftRepair | null;
}

/** Times as RFC 3339. */
interface StoreOutage {
  readonly since: string;
  /** What went wrong the last time. */
  readonly because: string;
  readonly nextTryAt: string;
}

interface LeaseStatus {
  readonly subnet: string;
  readonly publicIp: string;
  /** Null for a reservation. */
  readonly expiresAt: string | null;
}

/** What there is to say of a daemon besides its network. */
export interface NodeBasics {
  readonly state: NodeState;
  readonly because: string | undefined;
  readonly startedAt: Date;
  readonly options: UpOptions;
  readonly preparation: Preparation;
}

const noPeers = { wanted: 0, inPlace: 0, pending: 0, failing: 0, ignored: 0, rejected: 0 };

export function describeStatus(basics: NodeBasics, running: RunningNetwork | undefined): NodeStatus {
  const { state, because, startedAt, options, preparation } = basics;
  const { loaded, network, underlay, store, outages } = preparation;
  const seen = [outages.current, running?.follower.outage, running?.keeper.outage];
  return {
    state,
    because: because ?? null,
    pid: process.pid,
    node: options.nodeName,
    startedAt: startedAt.toISOString(),
    recipe: { name: loaded.recipe.name, file: loaded.file, type: loaded.recipe.backendType },
    network: describeNetwork(network.configuration),
    store: store.description,
    storeOutage: describeOutage(joinOutages(seen)),
    iface: underlay.name,
    lease: running === undefined ? null : describeLease(running),
    mtu: running?.leased.commands.facts.mtu ?? null,
    counts: running === undefined ? noPeers : countAll(running),
    peers: running === undefined ? [] : describePeers(running.loop.engine, running.loop.outcomes),
    rejections: running === undefined ? [] : listRejections(running),
    sharedAddresses: running?.follower.roster.sharedAddresses ?? [],
    lastDrift: running?.drift.last ?? null,
  };
}

function describeOutage(outage: Outage | undefined): StoreOutage | null {
  if (outage === undefined) return null;
  const { since, because, nextTryAt } = outage;
  return { since: new Date(since).toISOString(), because, nextTryAt: new Date(nextTryAt).toISOString() };
}

function countAll(running: RunningNetwork): NodeStatus['counts'] {
  const { ignored, rejected } = running.follower.roster.counts;
  return { ...running.counts, ignored, rejected };
}

function listRejections(running: RunningNetwork): NodeStatus['rejections'] {
  return [...running.follower.roster.rejections].map(([key, because]) => ({ key, because }));
}

function describeLease(running: RunningNetwork): LeaseStatus {
  const { facts } = running.leased.commands;
  const { expiresAt } = running.keeper.record;
  return {
    subnet: describeSubnets(running.leased.subnets),
    publicIp: facts.publicIp ?? facts.publicIpv6 ?? '',
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  };
}
