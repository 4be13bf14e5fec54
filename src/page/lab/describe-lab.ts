import { showInvisible } from '../../diagnostic/visible-text.ts';
import { labRouter } from '../../lab/plan/underlay/model.ts';
import { hostsOf, type HostPlan, type Topology } from '../../lab/plan/topology.ts';
import type { LabSpec } from '../../lab/protocol.ts';
import type { PairReport } from '../../lab/report/report.ts';
import type { NodeEvents } from '../events/time-line.ts';
import { clip } from '../events/time-line.ts';
import type { DaemonState, PageHost, PagePair, PageTopology } from '../model.ts';

/** The parts of a lab's plan that the page draws. */
export function describeTopology(topology: Topology): PageTopology {
  const segments = topology.segments.map(({ name, kind }) => ({ name, isCable: kind === 'cable' }));
  const nodes = new Set(topology.nodes.map(({ name }) => name));
  const routers = new Set(topology.routers.map(({ name }) => name));
  const hosts = hostsOf(topology).map((host): PageHost => {
    const kind = nodes.has(host.name) ? 'node' : routers.has(host.name) ? 'router' : 'server';
    return { name: host.name, kind, links: linksOf(host) };
  });
  const cables = segments.filter(({ isCable }) => isCable);
  if (cables.length === 0) return { segments, hosts };
  const links = cables.map(({ name }) => ({ name: `${labRouter}:${name}`, segment: name, port: name }));
  return { segments, hosts: [...hosts, { name: labRouter, kind: 'underlay', links }] };
}

function linksOf({ links }: HostPlan): PageHost['links'] {
  return links.map(({ name, segment, port }) => ({ name, segment, port }));
}

/** The present state of each daemon, as its log says. */
export function findStates(nodes: readonly NodeEvents[]): readonly DaemonState[] {
  return nodes.flatMap(({ node, events }) => {
    const last = events.findLast(({ event }) => event.event === 'state');
    if (last?.event.event !== 'state') return [];
    const { to, because } = last.event;
    return [
      { node, state: to, because: because === undefined ? null : showInvisible(because), since: last.time },
    ];
  });
}

/** A pair of `lab run` as the page shows it. */
export function toPagePair({ from, to, ok, rttMs, reason, paths }: PairReport): PagePair {
  const tried = paths.flatMap(({ mtuPasses }) => mtuPasses ?? []);
  return {
    from,
    to,
    ok,
    rttMs,
    mtuPasses: tried.length === 0 ? null : tried.every((passes) => passes),
    reason: reason === undefined ? null : clip(showInvisible(reason), 1000),
  };
}

/** Reads the text of a lab's recipes by the names that their daemons use. */
export function recipeTexts({ recipe, nodeSettings }: Pick<LabSpec, 'recipe' | 'nodeSettings'>) {
  const all = [recipe, ...Object.values(nodeSettings).flatMap((each) => each.recipe ?? [])];
  const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  return (file: string): string | undefined =>
    (all.find(({ path }) => path === file) ?? all.find(({ path }) => base(path) === base(file)))?.text;
}
