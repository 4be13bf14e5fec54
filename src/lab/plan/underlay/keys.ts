import * as z from 'zod/mini';
import { integerBetween, optionalKey } from '../../../network/configuration-keys.ts';
import {
  delayForm,
  delayPattern,
  lossForm,
  lossPattern,
  mtuBounds,
  rateForm,
  ratePattern,
} from './impairment.ts';

/*
 * Every key that a topology file may have, with its type, bounds and meaning. The checks (`readTopology`) and the JSON Schema
 * (`topologyJsonSchema`) both come from here.
 */

/** The names of segments, nodes and routers: they become names of network namespaces and of devices. */
export const entryNamePattern = /^[a-z][a-z0-9-]{0,9}$/;
export const nameForm = 'at most 10 small letters, digits and dashes, and begin with a letter';

/** The name of an entry, for the JSON Schema. */
export const entryName = z.string().check(z.regex(entryNamePattern, nameForm));

const mtu = optionalKey(integerBetween(mtuBounds.minimum, mtuBounds.maximum), {
  description: 'The MTU in bytes. Default: that of the segment, or else 1500.',
});

const address = z.string();

/** The keys of one entry of `Links`. */
export const linkKeys = {
  Segment: z.string().check(z.meta({ description: 'The name of the segment.', examples: ['lan'] })),
  IPv4: optionalKey(address, {
    description: 'The IPv4 address on the segment, which needs an `IPv4` of its own. Default: a free one.',
  }),
  IPv6: optionalKey(address, {
    description: 'The IPv6 address on the segment, which needs an `IPv6` of its own. Default: a free one.',
  }),
  MTU: mtu,
  Loss: optionalKey(z.string().check(z.regex(lossPattern, lossForm)), {
    description: 'The part of the packets that the link loses, each way, by chance.',
    examples: ['1.5%'],
  }),
  Rate: optionalKey(z.string().check(z.regex(ratePattern, rateForm)), {
    description: 'The bits per second of the link, each way.',
    examples: ['10mbit'],
  }),
  Delay: optionalKey(z.string().check(z.regex(delayPattern, delayForm)), {
    description: 'The time that the link adds, each way. It needs a kernel with netem.',
    examples: ['20ms'],
  }),
};

/** The keys of one entry of `Segments`. */
export const segmentKeys = {
  IPv4: optionalKey(address, {
    description: 'The IPv4 network of the segment. Default: a free one outside the overlay.',
    examples: ['192.0.2.0/24'],
  }),
  IPv6: optionalKey(address, {
    description: 'The IPv6 network of the segment. Default: a free one, if the overlay has IPv6.',
    examples: ['2001:db8:1::/64'],
  }),
  MTU: optionalKey(integerBetween(mtuBounds.minimum, mtuBounds.maximum), {
    description: 'The MTU of every link of the segment, in bytes.',
    default: 1500,
  }),
};

/** The links of a host. Each entry is read by itself (`linkKeys`), so that a finding is at the exact place. */
const links = z.array(z.unknown()).check(
  z.minLength(1),
  z.maxLength(8),
  z.meta({
    description: 'The interfaces eth0, eth1, …, in this order. Other nodes reach a node at its first one.',
    examples: [[{ Segment: 'lan' }]],
  }),
);

/** The keys of one entry of `Nodes`. */
export const nodeKeys = {
  Links: links,
  Recipe: optionalKey(z.string().check(z.minLength(1)), {
    description:
      'Another recipe for this node: a file, relative to the directory of the topology file, or the name of a shipped recipe.',
  }),
  Parameters: optionalKey(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), {
    description: 'Values for parameters of the recipe on this node, as --param gives them to every node.',
  }),
};

/** The keys of `NAT`. */
export const natKeys = {
  Outside: z.string().check(
    z.meta({
      description: 'The segment on which the address of the router replaces those of the other segments.',
      examples: ['internet'],
    }),
  ),
  Forward: optionalKey(z.string(), {
    description:
      'The node that gets every packet for the address of the router outside. Its daemon publishes that address (--public-ip).',
  }),
};

/** The keys of one entry of `Routers`. */
export const routerKeys = {
  Links: links,
  NAT: optionalKey(z.strictObject(natKeys), {
    description: 'Hides the other segments of the router behind its address on one of them.',
  }),
};

/** The keys of `Store`. */
export const storeKeys = {
  Segment: z.string().check(
    z.meta({
      description: 'The segment of the host with etcd or the API server.',
      examples: ['lan'],
    }),
  ),
};

/** The keys of a topology file. */
export const topologyKeys = {
  $schema: optionalKey(z.string(), { description: 'The JSON Schema of this file, for editors.' }),
  Segments: z.record(entryName, z.strictObject(segmentKeys)).check(
    z.meta({
      description: 'The switches, by name.',
      examples: [{ lan: {} }],
    }),
  ),
  Nodes: z.record(entryName, z.strictObject(nodeKeys)).check(
    z.meta({
      description: 'The nodes, by name: each runs heddle, and has a pod.',
      examples: [{ node1: { Links: [{ Segment: 'lan' }] } }],
    }),
  ),
  Routers: optionalKey(z.record(entryName, z.strictObject(routerKeys)), {
    description: 'The routers between segments, by name.',
  }),
  Store: optionalKey(z.strictObject(storeKeys), {
    description: 'The place of the server of the store. Default: a segment outside of any NAT.',
  }),
};
