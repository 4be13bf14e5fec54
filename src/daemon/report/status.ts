import { publishedMtu } from '../../contract/mtu.ts';
import type { Counts } from '../../engine/overview.ts';
import { positionAt } from '../../diagnostic/source.ts';
import type { Concern } from '../../event/concern.ts';
import type { NodeState } from '../../event/event.ts';
import type { SharedAddress } from '../../lease/roster.ts';
import { describeSubnets, type RosterCounts } from '../../lease/roster.ts';
import { shownKey } from '../../lease/wire.ts';
import { describeNetwork } from '../../network/configuration-text.ts';
import { mainPublicAddress } from '../../network/public-addresses.ts';
import type { DriftRepair } from '../peers/drift-report.ts';
import type { UpOptions } from '../setup/options.ts';
import { joinOutages, type Outage } from '../lease/outage-log.ts';
import { readVersion } from '../../host/version.ts';
import { describeProbe, type ProbeStatus } from './probe-status.ts';
import { describePeers } from './peer-status.ts';
import type { PeerStatus } from './peer-status.ts';
import type { Preparation } from '../setup/prepare.ts';
import type { PartSight } from '../network/part-keeper.ts';
import type { RunningNetwork } from '../network/running-network.ts';

/** The answer to `GET /status`. */
export interface NodeStatus {
  readonly state: NodeState;
  /** The reason why the node is degraded; null if it is not. */
  readonly because: string | null;
  readonly version: string;
  readonly pid: number;
  readonly node: string;
  readonly startedAt: string;
  /** The reason why a start waits, or the longest-running command if it takes long; null without either. */
  readonly waitingFor: string | null;
  /** The recipe. This and the next four are null until they are known. */
  readonly recipe: { readonly name: string; readonly file: string; readonly type: string } | null;
  /** The value of each parameter of the recipe as text, by name; `***` for a secret that has a value. */
  readonly parameters: Readonly<Record<string, string>> | null;
  readonly network: string | null;
  readonly store: string | null;
  readonly iface: string | null;
  /** The outage of the store; null while it can be reached. */
  readonly storeOutage: StoreOutage | null;
  readonly lease: LeaseStatus | null;
  readonly mtu: number | null;
  /** The parts of the network, in the order in which they come up; none before the device comes up. */
  readonly parts: readonly PartStatus[];
  readonly counts: Counts & Omit<RosterCounts, 'accepted'>;
  readonly peers: readonly PeerStatus[];
  readonly rejections: readonly { readonly key: string; readonly because: string }[];
  /** The reasons why packets may not flow. */
  readonly concerns: readonly ConcernStatus[];
  /** Underlay addresses that several peers claim. */
  readonly sharedAddresses: readonly SharedAddress[];
  readonly lastDrift: DriftRepair | null;
  /** Parts of the store's network configuration that this node reads differently from how they are written. */
  readonly liberties: readonly Liberty[];
  /** The results of the probes; null before the first round has ended. */
  readonly probe: ProbeStatus | null;
}

/** A part of the network, such as the device. */
export interface PartStatus {
  readonly name: string;
  /** `absent`: not up yet; `whole`: in order at the last look; `repaired`: the next look shows whether it is in order; `broken`. */
  readonly state: PartSight['state'];
  /** The settings of the part, as text. */
  readonly settings: string;
  /** The reason why the part is broken; null if it is not. */
  readonly because: string | null;
  /** The number of failures in a row. */
  readonly failures: number;
  /** The time of the next try as RFC 3339; null if none is due. */
  readonly nextTryAt: string | null;
}

interface Liberty {
  /** The document, the line and the column. */
  readonly where: string;
  readonly code: string;
  readonly message: string;
}

/** A concern, with its beginning as RFC 3339. */
interface ConcernStatus extends Concern {
  readonly since: string;
}

/** An outage of the store. Times are RFC 3339. */
interface StoreOutage {
  readonly since: string;
  /** The last error. */
  readonly because: string;
  /** The cure; null if it is not known. */
  readonly hint: string | null;
  readonly nextTryAt: string;
}

interface LeaseStatus {
  /** The node's subnet, or both subnets of a dual-stack node, joined by `and`. */
  readonly subnet: string;
  /** The IPv4 address, or the IPv6 address of a node that has no IPv4 address. */
  readonly publicIp: string;
  /** The IPv6 address; null for a node without one. */
  readonly publicIpv6: string | null;
  /** The time of expiry; null for a reservation. */
  readonly expiresAt: string | null;
}

/** The facts that depend on the stage of the node. */
export interface StageFacets {
  readonly waitingFor: string | undefined;
  readonly startOutage: Outage | undefined;
  /** The preparation; undefined until a start knows everything it needs. */
  readonly preparation: Preparation | undefined;
  /** The running network; undefined until the device is up. */
  readonly running: RunningNetwork | undefined;
}

/** The facts that describe a daemon. */
export interface NodeFacets extends StageFacets {
  readonly state: NodeState;
  readonly because: string | undefined;
  readonly startedAt: Date;
  readonly options: UpOptions;
}

const noPeers = { wanted: 0, inPlace: 0, pending: 0, failing: 0, ignored: 0, rejected: 0, unreachable: 0 };

/** The outage of the store, as all of its users see it together; undefined while it can be reached. */
export function currentOutage({ preparation, running, startOutage }: StageFacets): Outage | undefined {
  const outages = preparation?.outages.current ?? startOutage;
  return joinOutages([outages, running?.follower.outage, running?.keeper.outage]);
}

export function describeStatus(facets: NodeFacets): NodeStatus {
  const { state, because, startedAt, options, waitingFor, preparation, running } = facets;
  return {
    state,
    because: because ?? null,
    version: readVersion(),
    pid: process.pid,
    node: options.nodeName,
    startedAt: startedAt.toISOString(),
    waitingFor: waitingFor ?? null,
    recipe: preparation === undefined ? null : describeRecipe(preparation),
    parameters: preparation === undefined ? null : describeParameters(preparation),
    network: preparation === undefined ? null : describeNetwork(preparation.network.configuration),
    store: preparation?.store.description ?? null,
    iface: preparation?.underlay.name ?? null,
    storeOutage: describeOutage(currentOutage(facets)),
    lease: running === undefined ? null : describeLease(running),
    mtu: running === undefined ? null : publishedMtu(running.leasedNetwork.commands.facts.mtus),
    parts: running === undefined ? [] : listParts(running),
    counts: running === undefined ? noPeers : countAll(running),
    peers: running === undefined ? [] : describePeers(running.loop.engine, running.loop.outcomes),
    rejections: running === undefined ? [] : listRejections(running),
    concerns: running === undefined ? [] : listConcerns(running),
    sharedAddresses: running?.follower.roster.sharedAddresses ?? [],
    lastDrift: running?.drift.last ?? null,
    liberties: preparation === undefined ? [] : listLiberties(preparation),
    probe: describeProbe(running?.probe.report),
  };
}

function describeRecipe({ loaded }: Preparation): NonNullable<NodeStatus['recipe']> {
  return { name: loaded.recipe.name, file: loaded.file, type: loaded.recipe.backendType };
}

/** The value of each parameter as text, by name; `***` for a secret that has a value. */
export function describeParameters({
  loaded,
  network,
}: Pick<Preparation, 'loaded' | 'network'>): Readonly<Record<string, string>> {
  const shown = loaded.recipe.parameters.flatMap(({ name, secret }) => {
    const value = network.parameterValues[name];
    if (value === undefined) return [];
    return [[name, secret && String(value) !== '' ? '***' : String(value)] as const];
  });
  return Object.fromEntries(shown);
}

function listParts({ parts }: RunningNetwork): PartStatus[] {
  return parts.map(({ part, state, settings, because, failures, retryInMs }) => ({
    name: part,
    state,
    settings,
    because: because ?? null,
    failures,
    nextTryAt: retryInMs === undefined ? null : new Date(Date.now() + retryInMs).toISOString(),
  }));
}

function listLiberties({ network }: Preparation): Liberty[] {
  return network.warnings.map(({ source, span, code, message }) => {
    const { line, column } = positionAt(source.text, span.offset);
    return { where: `${source.name}:${line}:${column}`, code, message };
  });
}

function describeOutage(outage: Outage | undefined): StoreOutage | null {
  if (outage === undefined) return null;
  const { since, because, hint = null, nextTryAt } = outage;
  return {
    since: new Date(since).toISOString(),
    because,
    hint,
    nextTryAt: new Date(nextTryAt).toISOString(),
  };
}

function countAll(running: RunningNetwork): NodeStatus['counts'] {
  const { ignored, rejected, unreachable } = running.follower.roster.counts;
  return { ...running.counts, ignored, rejected, unreachable };
}

function listRejections(running: RunningNetwork): NodeStatus['rejections'] {
  return [...running.follower.roster.rejections].map(([key, because]) => ({
    key: shownKey(key),
    because,
  }));
}

function listConcerns({ concerns }: RunningNetwork): NodeStatus['concerns'] {
  return concerns.all.map((concern) => ({ ...concern, since: new Date(concern.since).toISOString() }));
}

function describeLease(running: RunningNetwork): LeaseStatus {
  const { facts } = running.leasedNetwork.commands;
  const { expiresAt } = running.keeper.record;
  return {
    subnet: describeSubnets(running.leasedNetwork.subnets),
    publicIp: mainPublicAddress(facts),
    publicIpv6: facts.publicIpv6 ?? null,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  };
}
