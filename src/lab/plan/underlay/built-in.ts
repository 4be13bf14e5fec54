import { noFamily } from '../../../network/per-family.ts';
import type { UnderlayKind } from '../request.ts';
import { noImpairment } from './impairment.ts';
import { labRouter, type LinkModel, type SegmentModel, type TopologyModel } from './model.ts';

/** The last part of a router's address on its segment. No node has it, because there are at most 50 nodes. */
const routerNumber = 254;

/** The place of the store's server among the nodes, which are at most 50. */
export const storeNumber = 200;

/** The topology of an underlay without a file. */
export function builtInTopology(underlay: UnderlayKind, nodes: number): TopologyModel {
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const nodeOn = (number: number, link: LinkModel): TopologyModel['nodes'][number] => ({
    name: `node${number}`,
    links: [link],
    recipe: undefined,
    parameters: {},
  });
  switch (underlay) {
    case 'switched': {
      const segment = { name: 'underlay', number: 0, subnets: noFamily, isCable: false };
      return {
        segments: [segment],
        nodes: numbers.map((number) => nodeOn(number, linkTo(segment, number))),
        routers: [],
        store: linkTo(segment, storeNumber),
      };
    }
    case 'routed': {
      const cables = new Map([...numbers, storeNumber].map((number) => [number, cable(number)]));
      const first = (number: number): LinkModel => linkTo(cables.get(number) ?? cable(number), 1);
      const segments = [...cables.values()];
      return {
        segments,
        nodes: numbers.map((number) => nodeOn(number, first(number))),
        routers: [
          {
            name: labRouter,
            links: segments.map((segment) => linkTo(segment, routerNumber)),
            nat: undefined,
          },
        ],
        store: first(storeNumber),
      };
    }
  }
}

function cable(number: number): SegmentModel {
  return { name: `cable${number}`, number, subnets: noFamily, isCable: true };
}

function linkTo({ name }: SegmentModel, number: number): LinkModel {
  return { segment: name, addresses: noFamily, number, impairment: noImpairment };
}
