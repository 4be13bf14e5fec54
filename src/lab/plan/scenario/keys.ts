import * as z from 'zod/mini';
import { integerBetween, optionalKey } from '../../../network/configuration-keys.ts';
import { daemonKinds, nodeBounds, underlays } from '../request.ts';
import {
  delayForm,
  delayPattern,
  lossForm,
  lossPattern,
  mtuBounds,
  rateForm,
  ratePattern,
} from '../underlay/impairment.ts';

/*
 * Every key of a scenario, with its type, bounds and meaning. The reader (`readScenario`) and the JSON Schema (`scenarioJsonSchema`) both
 * come from here. The reader checks what a table cannot express: whether names exist in the lab, and how keys fit each other.
 */

export const defaultWaitSeconds = 30;

const host = z.string();
const pair = z.array(z.string()).check(z.minLength(2), z.maxLength(2));
const pairs = z.array(pair).check(z.minLength(1));
const entries = z
  .array(z.string().check(z.regex(/\S/, 'the description of an object')))
  .check(z.minLength(1));

/** The keys of `Lab`. */
export const labKeys = {
  Nodes: optionalKey(integerBetween(nodeBounds.minimum, nodeBounds.maximum), {
    description: 'The number of nodes. --nodes on the command line overrides it.',
    default: 3,
  }),
  Underlay: optionalKey(z.enum(underlays), {
    description: 'How the nodes are connected. --underlay on the command line overrides it.',
    default: 'switched',
  }),
  Topology: optionalKey(z.string().check(z.minLength(1)), {
    description:
      'A topology file, relative to this one, in place of Nodes and Underlay. --topology, --nodes and --underlay on the command line override it.',
  }),
  Store: optionalKey(z.string(), {
    description:
      'Where the lab keeps leases: files, etcd or kubernetes. --store on the command line overrides it.',
    default: 'files',
  }),
  LeaseTTL: optionalKey(integerBetween(3, 31_536_000), {
    description: 'The duration of a lease in seconds. --lease-ttl on the command line overrides it.',
  }),
  CheckInterval: optionalKey(integerBetween(1, 86_400), {
    description:
      'The time between two checks for drift, in seconds. --check-interval on the command line overrides it.',
  }),
  OnExit: optionalKey(z.enum(['shutdown', 'leave']), {
    description: 'What happens to the network of a node whose daemon is stopped.',
    default: 'shutdown',
  }),
  FlanneldNodes: optionalKey(z.array(z.string()), {
    description:
      'The nodes that run flanneld at first, with --flanneld PATH. --flanneld-nodes on the command line overrides it. Default: the last node.',
  }),
};

/** The keys of `StartWith`. */
export const startWithKeys = {
  Node: z.string().check(z.meta({ description: 'The node.', examples: ['node3'] })),
  Program: z
    .enum(daemonKinds)
    .check(z.meta({ description: 'The daemon that the node starts.', examples: ['heddle'] })),
};

/** The value that removes a limit of a link. */
export const noLimit = 'none';

const limit = (pattern: RegExp, form: string): z.ZodMiniString =>
  z
    .string()
    .check(z.regex(new RegExp(`^(?:${noLimit}$|${pattern.source.slice(1)})`), `${form}, or \`${noLimit}\``));

/** The keys of `Impair`. */
export const impairKeys = {
  Link: z.string().check(
    z.meta({
      description: 'A link, or a host for all of its links: a node, a router, the host of the store.',
      examples: ['node1:eth0'],
    }),
  ),
  MTU: optionalKey(integerBetween(mtuBounds.minimum, mtuBounds.maximum), {
    description: 'The MTU of both ends in bytes.',
  }),
  Loss: optionalKey(limit(lossPattern, lossForm), {
    description: 'The part of the packets that the link loses, each way, by chance; or none.',
    examples: ['5%'],
  }),
  Rate: optionalKey(limit(ratePattern, rateForm), {
    description: 'The bits per second of the link, each way; or none.',
    examples: ['10mbit'],
  }),
  Delay: optionalKey(limit(delayPattern, delayForm), {
    description: 'The time that the link adds, each way; or none. It needs a kernel with netem.',
    examples: ['20ms'],
  }),
  Clear: optionalKey(z.boolean(), {
    description: 'Whether every limit is removed at first.',
    default: false,
  }),
};

/** The keys of a pair of nodes. */
export const pairKeys = {
  From: z.string().check(z.meta({ description: 'The node whose pod sends.', examples: ['node1'] })),
  To: z.string().check(z.meta({ description: 'The node whose pod answers.', examples: ['node2'] })),
};

/** The keys of `Lost`. */
export const lossKeys = {
  ...pairKeys,
  AtMost: integerBetween(0, 1_000_000).check(
    z.meta({ description: 'The most packets without an answer.', examples: [0] }),
  ),
};

/** The keys of `Entries`. */
export const entryKeys = {
  In: z.string().check(
    z.meta({
      description: 'The place: a node, its pod (node1-pod), a router, or underlay.',
      examples: ['node1'],
    }),
  ),
  Has: optionalKey(entries, {
    description: 'Objects that must be there, each as words of its description: `route ${node2.subnet}`.',
  }),
  Lacks: optionalKey(entries, { description: 'Objects that must not be there, in the same form.' }),
};

/** The keys of a condition. */
export const conditionKeys = {
  Reach: optionalKey(z.union([z.string(), pairs]), {
    description: 'Pairs of nodes, [from, to], whose pods must answer; or "all".',
    examples: ['all'],
  }),
  Unreachable: optionalKey(pairs, {
    description: 'Pairs of nodes, [from, to], whose pods must not answer.',
  }),
  States: optionalKey(z.record(z.string(), z.enum(['running', 'degraded', 'ended'])), {
    description:
      'The state of each named node: running or degraded, as heddle status shows it; or ended, if its daemon does not run.',
  }),
  Entries: optionalKey(z.strictObject(entryKeys), { description: 'Objects in a kernel.' }),
  Lost: optionalKey(z.strictObject(lossKeys), {
    description: 'The packets that the ping of an earlier step has lost since it began.',
  }),
};

/** The keys of `Wait`. */
export const waitKeys = {
  ...conditionKeys,
  Seconds: optionalKey(integerBetween(1, 3600), {
    description: 'The longest wait in seconds.',
    default: defaultWaitSeconds,
  }),
};

/** The keys of `Run`. */
export const runKeys = {
  In: z.string().check(
    z.meta({
      description: 'The place: a node, its pod (node1-pod), a router, the host of the store, or underlay.',
      examples: ['node1'],
    }),
  ),
  Command: z
    .string()
    .check(
      z.regex(/\S/, 'a command'),
      z.meta({ description: 'The command, for a shell (sh -c).', examples: ['ip link delete flannel.1'] }),
    ),
  Fails: optionalKey(z.boolean(), {
    description: 'Whether the command must fail, that is, exit with another status than 0.',
    default: false,
  }),
};

/** The keys of `PutLease`. */
export const leaseKeys = {
  Subnet: optionalKey(z.string(), { description: 'The IPv4 subnet.', examples: ['10.50.0.0/24'] }),
  IPv6Subnet: optionalKey(z.string(), { description: 'The IPv6 subnet.' }),
  PublicIP: optionalKey(z.string(), { description: 'The public IPv4 address of the node.' }),
  PublicIPv6: optionalKey(z.string(), { description: 'The public IPv6 address of the node.' }),
  BackendType: optionalKey(z.string(), { description: 'The backend type. Default: that of the recipe.' }),
  BackendData: optionalKey(z.any(), { description: 'The backend data, as the store has it.' }),
  BackendV6Data: optionalKey(z.any(), { description: 'The backend data of IPv6, as the store has it.' }),
};

/** The keys that say what a step does. A step has exactly one of them. */
export const verbKeys = {
  Stop: optionalKey(host, {
    description: "Stops a node's daemon, or the store's server, with SIGTERM, and waits for its end.",
    examples: ['node2'],
  }),
  Kill: optionalKey(host, { description: "Kills a node's daemon, or the store's server, with SIGKILL." }),
  Start: optionalKey(host, {
    description: "Starts a node's daemon, or the store's server, again, and waits until it is ready.",
  }),
  StartWith: optionalKey(z.strictObject(startWithKeys), {
    description:
      'Starts a daemon on a node whose daemon has ended: heddle, or flanneld with --flanneld PATH.',
  }),
  Cut: optionalKey(host, { description: 'Disconnects a node, or the store, from the underlay.' }),
  Join: optionalKey(host, { description: 'Connects a node, or the store, to the underlay again.' }),
  Impair: optionalKey(z.strictObject(impairKeys), {
    description: 'Changes the limits of a link, or of all links of a host, as heddle lab impair does.',
  }),
  Ping: optionalKey(z.strictObject(pairKeys), {
    description:
      'Starts a ping of 100 packets a second between two pods. It goes on until the end of the scenario.',
  }),
  Pause: optionalKey(integerBetween(1, 3600), { description: 'Does nothing for this many seconds.' }),
  Run: optionalKey(z.strictObject(runKeys), { description: 'Runs a command in a place of the lab.' }),
  PutLease: optionalKey(z.strictObject(leaseKeys), {
    description: 'Writes a lease of a node that does not exist. With --store files or etcd.',
  }),
  DeleteLease: optionalKey(z.string(), {
    description: 'Deletes the lease of a subnet. With --store files or etcd.',
    examples: ['10.50.0.0/24'],
  }),
  ChangeRecipe: optionalKey(z.union([z.string(), z.looseObject({})]), {
    description:
      'Gives every node another recipe: a file, relative to this one, or changes of the present recipe as a JSON Merge Patch (RFC 7396).',
  }),
  Wait: optionalKey(z.strictObject(waitKeys), { description: 'Waits until a condition holds.' }),
  Expect: optionalKey(z.strictObject(conditionKeys), { description: 'A condition that must hold now.' }),
};

/** The keys of a step. */
export const stepKeys = {
  Title: optionalKey(z.string(), { description: 'The words of the report for this step.' }),
  ...verbKeys,
};

/** The keys of a scenario. The steps are read one by one, so that each finding is at its exact place. */
export const scenarioKeys = {
  $schema: optionalKey(z.string(), { description: 'The JSON Schema, for editors.' }),
  Description: optionalKey(z.string(), { description: 'What the scenario shows, in one sentence.' }),
  Lab: optionalKey(z.strictObject(labKeys), { description: 'The lab that the scenario needs.' }),
  Steps: z
    .array(z.any())
    .check(
      z.minLength(1),
      z.meta({ description: 'The steps, one after the other.', examples: [[{ Kill: 'node2' }]] }),
    ),
};
