import { presentValues } from '../../../network/per-family.ts';
import type { TopologyKind } from '../../plan/request.ts';
import type { LinkPlan } from '../../plan/topology.ts';
import { usualMtu } from '../../plan/underlay/impairment.ts';
import type { PairReport, PathReport } from '../../report/report.ts';
import { countFragments } from './fragments.ts';
import type { LabNode } from '../node/node.ts';
import { findUnfragmentedSize } from './unfragmented-size.ts';
import type { PodAgent } from './pod-agent.ts';

/**
 * The longest wait for the first echo of a pair, in milliseconds, while the overlay converges. A lost WireGuard handshake is repeated after
 * at most five seconds and a third (REKEY_TIMEOUT).
 */
const usualConvergeMs = 8000;

/** The number of pods that one pod probes at once. */
const atOnce = 4;

/** The underlay between the nodes that are probed. */
interface ProbedUnderlay {
  readonly routers: readonly ProbedRouter[];
  readonly spec: { readonly topology: { readonly underlay: TopologyKind } };
}

interface ProbedRouter {
  readonly plan: { readonly name: string; readonly links: readonly LinkPlan[] };
  readonly holder: { readonly pid: number };
}

/**
 * Probes every ordered pair of pods and calls back after each. Returns the pairs in the nodes' order. Two pods try one direction first and
 * then the other, because both WireGuard handshakes may be lost if they begin at once.
 */
export async function probeMatrix(
  nodes: readonly LabNode[],
  agents: ReadonlyMap<string, PodAgent>,
  { routers, spec }: ProbedUnderlay,
  onPair: (pair: PairReport) => void,
  convergeMs = usualConvergeMs,
): Promise<readonly PairReport[]> {
  const { underlay } = spec.topology;
  const before = await fragmentsOf([...nodes, ...routers]);
  const pairs = new Map<string, PairReport>();
  const probe = async (from: LabNode, to: LabNode, withinMs: number): Promise<PairReport> => {
    const pair = await probePair(from, to, agents, underlay, withinMs);
    pairs.set(nameOf(from, to), pair);
    onPair(pair);
    return pair;
  };
  const probeBothWays = async (one: LabNode, other: LabNode): Promise<void> => {
    const { ok } = await probe(one, other, convergeMs);
    // An overlay that has not converged by now will not converge.
    await probe(other, one, ok ? convergeMs : 0);
  };
  await Promise.all(
    nodes.map((one, index) => inTurns(nodes.slice(index + 1), (other) => probeBothWays(one, other))),
  );
  const after = await fragmentsOf([...nodes, ...routers]);
  const splitting = routers.filter((each) => after.get(each) !== before.get(each));
  const fragmenting = new Map<LabNode, number | undefined>();
  for (const node of nodes.filter((each) => after.get(each) !== before.get(each)))
    fragmenting.set(node, await excessOf(node, [...pairs.values()], agents));
  return nodes.flatMap((from) =>
    nodes.flatMap((to) => {
      const pair = pairs.get(nameOf(from, to));
      if (pair === undefined) return [];
      if (fragmenting.has(from)) return [blameFragments(pair, from, fragmenting.get(from))];
      const [router] = isOnOneSegment(from, to) ? [] : splitting;
      return [router === undefined ? pair : blameRouter(pair, from, router)];
    }),
  );
}

function nameOf(from: LabNode, to: LabNode): string {
  return `${from.plan.name} → ${to.plan.name}`;
}

type Host = LabNode | ProbedRouter;

async function fragmentsOf(hosts: readonly Host[]): Promise<ReadonlyMap<Host, number>> {
  return new Map(
    await Promise.all(hosts.map(async (host) => [host, await countFragments(host.holder.pid)] as const)),
  );
}

function isOnOneSegment(from: LabNode, to: LabNode): boolean {
  return from.plan.links[0].segment === to.plan.links[0].segment;
}

/** The report of a pair whose packets a router splits on their way. */
function blameRouter(pair: PairReport, node: LabNode, { plan }: ProbedRouter): PairReport {
  const mtu = node.networks?.mtu ?? '?';
  const link = [...plan.links].sort((one, other) => mtuOf(one) - mtuOf(other))[0];
  const where = link === undefined ? '' : `, whose link to ${link.segment} has the MTU ${mtuOf(link)}`;
  const least =
    link === undefined
      ? ''
      : `, for example with --param MTU=${mtuOf(link)} if the recipe has this parameter`;
  const reason = `packets of the published MTU, ${mtu} bytes, are fragmented by ${plan.name}${where}; publish a smaller MTU${least}`;
  return { ...pair, ok: false, reason: pair.reason === undefined ? reason : `${pair.reason}; ${reason}` };
}

function mtuOf({ impairment }: LinkPlan): number {
  return impairment.mtu ?? usualMtu;
}

async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function probePair(
  from: LabNode,
  to: LabNode,
  agents: ReadonlyMap<string, PodAgent>,
  underlay: TopologyKind,
  convergeMs: number,
): Promise<PairReport> {
  const names = { from: from.plan.name, to: to.plan.name };
  const agent = agents.get(from.plan.name);
  const port = await agents.get(to.plan.name)?.port;
  const missing = [from, to].find(({ networks }) => networks === undefined);
  if (!agent || port === undefined || !from.networks || !to.networks) {
    const reason = `${(missing ?? from).plan.name} does not have a pod, because its daemon did not become ready`;
    return { ...names, ok: false, rttMs: null, reason, paths: [] };
  }
  const failure = from.failureWith(to) ?? to.failureWith(from);
  const { mtu } = from.networks;
  const paths = await Promise.all(
    presentValues(to.networks).map(({ pod: address }) =>
      agent.probe({ address, port, mtu, withinMs: failure ? 0 : convergeMs }),
    ),
  );
  return { ...names, ...judge(paths, failure && explainFailure(failure.why, underlay)) };
}

function judge(
  paths: readonly PathReport[],
  known: string | undefined,
): Pick<PairReport, 'ok' | 'rttMs' | 'reason' | 'paths'> {
  const seen = paths.flatMap(({ reason }) => reason ?? []);
  const rttMs = paths[0]?.rttMs ?? null;
  if (seen.length === 0) return { ok: true, rttMs, paths };
  return { ok: false, rttMs, reason: [...(known === undefined ? [] : [known]), ...seen].join('; '), paths };
}

/** Adds a hint to a failure on a routed underlay: a recipe whose next hop is the peer itself needs all nodes on one segment. */
function explainFailure(why: string, underlay: TopologyKind): string {
  const offLink = /invalid gateway|network is unreachable|no route to host/i.test(why);
  if (underlay === 'switched' || !offLink) return why;
  return `${why}. On a routed underlay a peer's public address is behind a router and not on-link, so a route cannot use it as next hop`;
}

/** The bytes by which a node's published MTU is too large; undefined if they cannot be measured. Nothing else may send meanwhile. */
async function excessOf(
  node: LabNode,
  pairs: readonly PairReport[],
  agents: ReadonlyMap<string, PodAgent>,
): Promise<number | undefined> {
  const agent = agents.get(node.plan.name);
  const mtu = node.networks?.mtu;
  const path = pairs
    .filter(({ from }) => from === node.plan.name)
    .flatMap(({ paths }) => paths)
    .find(({ mtuPasses }) => mtuPasses === true);
  if (agent === undefined || mtu === undefined || path === undefined) return undefined;
  const fits = await findUnfragmentedSize(mtu, async (packetBytes) => {
    const before = await countFragments(node.holder.pid);
    await agent.echo({ address: path.address, packetBytes });
    return (await countFragments(node.holder.pid)) !== before;
  });
  return fits === undefined ? undefined : mtu - fits;
}

function blameFragments(pair: PairReport, node: LabNode, excess: number | undefined): PairReport {
  const mtu = node.networks?.mtu ?? '?';
  const cure =
    excess === undefined
      ? 'the published MTU is too large; raise Overhead in the recipe'
      : `the published MTU is ${excess} bytes too large; raise Overhead in the recipe by ${excess}`;
  const reason = `packets of the published MTU, ${mtu} bytes, are fragmented on the underlay of ${pair.from}: ${cure}`;
  return { ...pair, ok: false, reason: pair.reason === undefined ? reason : `${pair.reason}; ${reason}` };
}
