import type { PageNode } from '../model.ts';

/** A host of the drawing of one node, by its centre. */
interface NodeBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The lines of text in it, the name first. */
  readonly lines: readonly string[];
}

/** A peer, with the line that leads to it. */
interface PeerBox extends NodeBox {
  readonly state: string;
  /** How the tunnel to it looks: the state of what this node put into its kernel. */
  readonly tunnel: 'works' | 'fails' | 'unknown';
  /** The line from the node to the peer, as an SVG path. */
  readonly path: string;
}

export interface NodeDrawing {
  readonly width: number;
  readonly height: number;
  readonly node: NodeBox;
  readonly peers: readonly PeerBox[];
  /** The number of peers that are not drawn. */
  readonly omitted: number;
  /** The drawing in a sentence, without a full stop. */
  readonly label: string;
}

/** The sentence that names the parts which only the page of a lab has, and the commands that say more about a real node. */
export const absentFromNodes =
  'A real node knows itself and its peers, so this page does not have a drawing of the underlay, a matrix of the pods, the way of a packet or ' +
  'the objects in the kernel: the page of a lab has them (heddle lab up --page); for more about this node, run heddle status or heddle doctor.';

/** The most peers of a drawing. The table of the page has the others. */
const mostPeers = 20;

const nodeSize = { width: 180, height: 64 };
const peerSize = { width: 200, height: 40 };
const margin = 12;
const gap = 8;
/** The room between the node and its peers. */
const room = 80;

/** Draws a node at the left and its peers at the right. The peers that are not in place come first. */
export function drawNode({ node, state, facts, peers, peerCount }: PageNode): NodeDrawing {
  const drawn = [...peers]
    .sort((one, other) => Number(one.state === 'in-place') - Number(other.state === 'in-place'))
    .slice(0, mostPeers);
  const height = Math.max(nodeSize.height, drawn.length * (peerSize.height + gap) - gap) + 2 * margin;
  const subnet = facts.find(([name]) => name === 'subnet')?.[1] ?? 'no subnet';
  const own = { ...nodeSize, x: margin + nodeSize.width / 2, y: height / 2, lines: [node, state, subnet] };
  const x = margin + nodeSize.width + room + peerSize.width / 2;
  const top = (height - drawn.length * (peerSize.height + gap) + gap) / 2;
  return {
    width: x + peerSize.width / 2 + margin,
    height,
    node: own,
    peers: drawn.map((peer, index) => {
      const y = top + peerSize.height / 2 + index * (peerSize.height + gap);
      const box = { ...peerSize, x, y, lines: [peer.subnet, `${peer.publicIp}, ${peer.state}`] };
      return { ...box, state: peer.state, tunnel: tunnelOf(peer.state), path: pathTo(own, box) };
    }),
    omitted: peerCount - drawn.length,
    label: `The node ${node} and ${drawn.length} of its ${peerCount} peers: ${countOf(drawn)}`,
  };
}

function countOf(peers: PageNode['peers']): string {
  const inPlace = peers.filter(({ state }) => state === 'in-place').length;
  return `${inPlace} in place, ${peers.length - inPlace} not`;
}

function tunnelOf(state: string): PeerBox['tunnel'] {
  if (state === 'in-place') return 'works';
  return state === 'failing' ? 'fails' : 'unknown';
}

function pathTo(from: NodeBox, to: NodeBox): string {
  const [start, end] = [from.x + from.width / 2, to.x - to.width / 2];
  const middle = (start + end) / 2;
  return `M${start} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${end} ${to.y}`;
}
