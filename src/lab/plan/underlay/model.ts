import type { Cidr } from '../../../network/cidr.ts';
import type { PerFamily } from '../../../network/per-family.ts';
import type { Impairment } from './impairment.ts';

/** The parts of a topology, as a file describes them. The two underlays without a file are such models, too. */
export interface TopologyModel {
  readonly segments: readonly SegmentModel[];
  readonly nodes: readonly NodeModel[];
  readonly routers: readonly RouterModel[];
  /** The link of the store's server. */
  readonly store: LinkModel;
}

export interface SegmentModel {
  readonly name: string;
  /** The number of the segment's subnets in the blocks of the lab, from 0 to 255; `subnets` comes first. */
  readonly number: number;
  readonly subnets: PerFamily<Cidr>;
  /** Whether the segment is a cable between one host and the lab's own router, instead of a switch. */
  readonly isCable: boolean;
}

/** An interface of a host on a segment. Interfaces are `eth0`, `eth1`, … in the order of a host's links. */
export interface LinkModel {
  readonly segment: string;
  readonly addresses: PerFamily<string>;
  /** The last part of the address, if `addresses` does not have one and it is free. */
  readonly number: number;
  readonly impairment: Impairment;
}

export interface NodeModel {
  readonly name: string;
  /** The first is the one whose addresses other nodes use. */
  readonly links: readonly LinkModel[];
  /** A path, or the name of a shipped recipe; undefined for the recipe of the lab. */
  readonly recipe: string | undefined;
  /** Parameters in addition to those of the lab, as text. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface RouterModel {
  readonly name: string;
  readonly links: readonly LinkModel[];
  readonly nat: NatModel | undefined;
}

export interface NatModel {
  /** The segment on which the router's own address replaces those of the other segments. */
  readonly outside: string;
  /** The node that gets every packet for the router's outside address. */
  readonly forward: string | undefined;
}

/** The name of the router that is the lab's own network namespace. */
export const labRouter = 'underlay';
