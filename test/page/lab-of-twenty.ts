import type { LabPage, PageHost, PageTopology } from '../../src/page/model.ts';

/** A lab with this many nodes, on one switch or each on a cable to the router of the lab. */
export function topologyOf(count: number, underlay: 'switched' | 'routed'): PageTopology {
  const names = Array.from({ length: count }, (_, index) => `node${index + 1}`);
  const isRouted = underlay === 'routed';
  const segmentOf = (index: number): string => (isRouted ? `cable${index + 1}` : 'lan');
  const hosts = names.map((name, index): PageHost => {
    const link = { name: `${name}:eth0`, segment: segmentOf(index), port: `port${index + 1}` };
    return { name, kind: 'node', links: [link] };
  });
  if (!isRouted) return { segments: [{ name: 'lan', isCable: false }], hosts };
  const segments = names.map((_, index) => ({ name: segmentOf(index), isCable: true }));
  const links = segments.map(({ name }) => ({ name: `underlay:${name}`, segment: name, port: name }));
  return { segments, hosts: [...hosts, { name: 'underlay', kind: 'underlay', links }] };
}

/** The page of a lab in which every pod reaches every other, and nothing else has been seen. */
export function labPage(changes: Partial<LabPage> = {}): LabPage {
  const { topology = topologyOf(3, 'switched') } = changes;
  const nodes = topology.hosts.filter(({ kind }) => kind === 'node').map(({ name }) => name);
  return {
    page: 'lab',
    title: 'Lab of vxlan',
    version: '1.0.0',
    madeAt: '2026-01-01T00:00:00.000Z',
    recipe: 'vxlan',
    nameOption: '',
    verdict: { kind: 'live', text: 'all is well' },
    isGone: false,
    topology,
    listing: { nodes: [], server: null, routers: [] },
    states: [],
    links: [],
    pairs: nodes.flatMap((from) =>
      nodes
        .filter((to) => to !== from)
        .map((to) => ({ from, to, ok: true, rttMs: 0.3, mtuPasses: true, reason: null })),
    ),
    traces: [],
    timeline: { entries: [], omitted: 0 },
    failures: [],
    kernels: [],
    troubles: [],
    reasons: [],
    steps: [],
    ...changes,
  };
}
