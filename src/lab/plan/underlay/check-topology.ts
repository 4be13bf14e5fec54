import type { Findings } from '../../../diagnostic/findings.ts';
import { suggestName } from '../../../diagnostic/nearest.ts';
import type { Span } from '../../../diagnostic/source.ts';
import { formatCidr, overlaps } from '../../../network/cidr.ts';
import { joinedSegments } from './find-routes.ts';
import type { LinkModel, NodeModel, RouterModel } from './model.ts';
import type { WrittenHost, WrittenSegment } from './read-links.ts';

/** The parts of a topology that were read, with their places. */
interface WrittenTopology {
  readonly segments: readonly WrittenSegment[];
  readonly nodes: readonly (WrittenHost & { readonly model: NodeModel })[];
  readonly routers: readonly (WrittenHost & { readonly model: RouterModel })[];
  readonly nodesAt: Span;
}

/** Reports what does not fit together in a topology whose parts are right. */
export function checkTopology(topology: WrittenTopology, findings: Findings): void {
  const { segments, nodes, routers } = topology;
  const families = ['ipv4', 'ipv6'] as const;
  for (const family of families) checkOverlaps(segments, family, findings);
  for (const host of nodes) checkTwice('Nodes', host, findings);
  for (const host of routers) checkTwice('Routers', host, findings);
  for (const family of families) checkSameAddress([...nodes, ...routers], family, findings);
  for (const router of routers) {
    if (segmentsOf(router).size < 2 && router.places.length === router.model.links.length) {
      const message = `\`Routers.${router.name}\` must have links to two segments at least`;
      findings.error('out-of-bounds', router.keySpan, message);
    }
    checkNat(router, nodes, findings);
  }
  checkJoined(topology, findings);
}

function segmentsOf({
  model,
}: {
  readonly model: { readonly links: readonly LinkModel[] };
}): ReadonlySet<string> {
  return new Set(model.links.map(({ segment }) => segment));
}

function checkOverlaps(
  segments: readonly WrittenSegment[],
  family: 'ipv4' | 'ipv6',
  findings: Findings,
): void {
  for (const [index, { model, places }] of segments.entries()) {
    const [subnet, place] = [model.subnets[family], places[family]];
    if (subnet === undefined || place === undefined) continue;
    const other = segments
      .slice(0, index)
      .find(({ model: { subnets } }) => subnets[family] !== undefined && overlaps(subnets[family], subnet));
    if (other === undefined) continue;
    const message = `the network ${formatCidr(subnet)} of \`${model.name}\` overlaps that of \`${other.model.name}\``;
    findings.error('unusable-network', place, message, 'give each segment a network of its own');
  }
}

function checkTwice(
  table: 'Nodes' | 'Routers',
  { name, places, model }: WrittenHost & { readonly model: { readonly links: readonly LinkModel[] } },
  findings: Findings,
): void {
  for (const [index, { segment }] of model.links.entries()) {
    if (model.links.findIndex((link) => link.segment === segment) === index) continue;
    const place = places[index]?.segment;
    if (place === undefined) continue;
    const message = `\`${table}.${name}\` has two links to the segment \`${segment}\``;
    findings.error('unusable-network', place, message, 'give each link a segment of its own');
  }
}

function checkSameAddress(
  hosts: readonly (WrittenHost & { readonly model: { readonly links: readonly LinkModel[] } })[],
  family: 'ipv4' | 'ipv6',
  findings: Findings,
): void {
  const owners = new Map<string, string>();
  for (const { name, model, places } of hosts) {
    for (const [index, { segment, addresses }] of model.links.entries()) {
      const [address, place] = [addresses[family], places[index]?.[family]];
      if (address === undefined || place === undefined) continue;
      const key = `${segment} ${address}`;
      const owner = owners.get(key);
      if (owner !== undefined) {
        const message = `the address ${address} is already in use: \`${owner}\` has it on \`${segment}\``;
        findings.error('unusable-network', place, message, 'choose another address');
      }
      owners.set(key, name);
    }
  }
}

function checkNat(
  router: WrittenHost & { readonly model: RouterModel },
  nodes: WrittenTopology['nodes'],
  findings: Findings,
): void {
  const { nat } = router.model;
  if (nat === undefined || router.nat === undefined) return;
  const own = [...segmentsOf(router)];
  const path = `Routers.${router.name}.NAT`;
  if (!own.includes(nat.outside)) {
    const message = `\`${path}.Outside\` must be a segment of the router: ${own.join(', ')}`;
    findings.error('unknown-choice', router.nat.outside, message, suggestName(nat.outside, own));
    return;
  }
  if (nat.forward === undefined || router.nat.forward === undefined) return;
  const inside = nodes
    .filter((node) => {
      const main = node.model.links[0]?.segment;
      return main !== undefined && main !== nat.outside && own.includes(main);
    })
    .map(({ name }) => name);
  if (inside.includes(nat.forward)) return;
  const known = inside.length === 0 ? 'there are none' : inside.join(', ');
  const message = `\`${path}.Forward\` must be a node whose first link is to a segment behind the router: ${known}`;
  findings.error('unknown-choice', router.nat.forward, message, suggestName(nat.forward, inside));
}

function checkJoined({ nodes, routers }: WrittenTopology, findings: Findings): void {
  const [first, ...others] = nodes.filter(({ model }) => model.links.length > 0);
  if (first === undefined) return;
  const graph = routers.map((router) => ({ segments: [...segmentsOf(router)] }));
  const joined = joinedSegments([...segmentsOf(first)], graph);
  for (const node of others) {
    if ([...segmentsOf(node)].some((segment) => joined.has(segment))) continue;
    const message = `\`Nodes.${node.name}\` does not have a way to \`${first.name}\`: no router joins their segments`;
    findings.error(
      'missing-key',
      node.keySpan,
      message,
      'add a router with a link to each of the two segments',
    );
  }
}
