import { h, type JSX } from 'preact';
import type { PageNode } from '../model.ts';
import { absentFromNodes, drawNode, type NodeDrawing } from '../view/draw-node.ts';
import { Wide } from './widgets.ts';

/** The width of a usual letter of a name and of the other lines, in units of the view box. */
const nameLetter = 8.5;
const lineLetter = 6.8;

/** The drawing of one node and its peers, and a sentence about what it cannot show. The tables below it have the same in words. */
export function DrawnNode({ status }: { readonly status: PageNode }): JSX.Element {
  const drawing = drawNode(status);
  const { width, height, label, omitted, peers, node } = drawing;
  return h(
    'figure',
    {},
    h('p', { class: 'absent' }, absentFromNodes),
    h(
      Wide,
      { label: 'the drawing of the node' },
      h(
        'svg',
        {
          class: 'topology',
          viewBox: `0 0 ${width} ${height}`,
          width,
          height,
          role: 'img',
          'aria-label': label,
        },
        peers.map(({ path, tunnel }) => h('path', { class: `tunnel ${tunnel}`, d: path })),
        boxOf(node, status.state),
        peers.map((peer) => boxOf(peer, peer.state)),
      ),
    ),
    h(
      'figcaption',
      {},
      'Lines: the peers (solid: in place in the kernel of this node; dashed and red: failing; grey: being added or removed). ',
      'The lines do not say whether packets arrive.',
      omitted === 0 ? null : ` ${omitted} more peers are not drawn.`,
    ),
  );
}

function boxOf({ x, y, width, height, lines }: NodeDrawing['node'], state: string): JSX.Element {
  return h(
    'g',
    { class: `host ${state}` },
    h('rect', { x: x - width / 2, y: y - height / 2, width, height, rx: 6 }),
    lines.map((line, index) =>
      h(
        'text',
        {
          class: index === 0 ? 'name' : 'line',
          x,
          y: y + 4 + (index - (lines.length - 1) / 2) * 16,
          'text-anchor': 'middle',
        },
        clip(line, Math.floor(width / (index === 0 ? nameLetter : lineLetter))),
      ),
    ),
  );
}

function clip(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
