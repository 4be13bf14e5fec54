import { h, type ComponentChildren } from 'preact';
import type { NodePage } from '../model.ts';
import { DrawnNode } from './node-drawing.ts';
import { PageSection, DataTable } from './widgets.ts';

/** One real node: its drawing, its facts, its parts and its peers. */
export function NodeView({ status }: Pick<NodePage, 'status'>): ComponentChildren {
  if (status === null) return h('p', {}, 'The node has not said anything about itself yet.');
  const { node, facts, parts, peers, peerCount } = status;
  return [
    h(PageSection, { id: 'topology', title: 'Topology' }, h(DrawnNode, { status })),
    h(
      PageSection,
      { id: 'node', title: `Node ${node}` },
      h(DataTable, { caption: 'The node', head: ['fact', 'value'], rows: facts }),
      h(DataTable, {
        caption: 'The parts of the network',
        head: ['part', 'state', 'settings', 'reason'],
        rows: parts.map(({ name, state, settings, because }) => [name, state, settings, because ?? '']),
      }),
      h(DataTable, {
        caption: peers.length < peerCount ? `The first ${peers.length} of ${peerCount} peers` : 'The peers',
        head: ['subnet', 'public IP', 'state', 'last failure'],
        rows: peers.map(({ subnet, publicIp, state, trouble }) => [subnet, publicIp, state, trouble ?? '']),
      }),
    ),
  ];
}
