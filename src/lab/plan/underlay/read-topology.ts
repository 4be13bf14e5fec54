import type * as z from 'zod/mini';
import type { CheckResult } from '../../../diagnostic/diagnostic.ts';
import { Findings } from '../../../diagnostic/findings.ts';
import { suggestName } from '../../../diagnostic/nearest.ts';
import type { SourceText, Span } from '../../../diagnostic/source.ts';
import { parseJsonObject } from '../../../recipe/json/json-syntax.ts';
import {
  describeKind,
  openingBrace,
  type JsonMember,
  type ObjectNode,
} from '../../../recipe/json/json-tree.ts';
import { readKeys, requireKeys, type KeyReading } from '../../../recipe/read/read-keys.ts';
import { settleKeys } from '../../../recipe/read/settle-keys.ts';
import { nodeBounds } from '../request.ts';
import { storeNumber } from './built-in.ts';
import { checkTopology } from './check-topology.ts';
import {
  nameForm,
  entryNamePattern,
  natKeys,
  nodeKeys,
  routerKeys,
  storeKeys,
  topologyKeys,
} from './keys.ts';
import type { NatModel, NodeModel, RouterModel, TopologyModel } from './model.ts';
import { readHostLinks, readSegment, type WrittenHost, type WrittenSegment } from './read-links.ts';

/** The highest number of a router's address on its segments; further routers count down. */
const firstRouterNumber = 254;

/** One byte of an address numbers the segments. */
const mostSegments = 200;

/** Names that something else in a lab has already. */
const takenNames = ['underlay', 'etcd', 'apiserver', 'lo', 'all', 'any', 'default'];

/** Reads a topology file. Everything that is wrong with it is reported at once, each finding at its exact place. */
export function readTopology(source: SourceText): CheckResult<TopologyModel> {
  const findings = new Findings(source);
  const document = parseJsonObject(source, findings);
  return findings.conclude(document && readDocument(document, findings));
}

function readDocument(document: ObjectNode, findings: Findings): TopologyModel | undefined {
  const { object, values } = readTable(
    document,
    topologyKeys,
    'the topology',
    '',
    openingBrace(document),
    findings,
  );
  const segments = membersOf(values.Segments?.value).map((member, index) =>
    readSegment(member, index + 1, findings),
  );
  const nodes = membersOf(values.Nodes?.value).flatMap((member, index) =>
    readNode(member, index + 1, segments, findings),
  );
  const routers = membersOf(values.Routers?.value).flatMap((member, index) =>
    readRouter(member, firstRouterNumber - index, segments, findings),
  );
  checkNames(
    [values.Segments, values.Nodes, values.Routers].flatMap((each) => membersOf(each?.value)),
    findings,
  );
  const { minimum, maximum } = nodeBounds;
  const count = membersOf(values.Nodes?.value).length;
  if (values.Nodes && (count < minimum || count > maximum))
    findings.error(
      'out-of-bounds',
      values.Nodes.keySpan,
      `\`Nodes\` must have from ${minimum} to ${maximum} nodes`,
    );
  if (values.Segments && segments.length > mostSegments)
    findings.error(
      'out-of-bounds',
      values.Segments.keySpan,
      `\`Segments\` must have at most ${mostSegments} segments`,
    );
  checkTopology(
    { segments, nodes, routers, nodesAt: values.Nodes?.keySpan ?? openingBrace(object) },
    findings,
  );
  const storeSegment = readStore(values.Store, segments, findings) ?? usualStoreSegment(nodes, routers);
  if (storeSegment === undefined) return undefined;
  return {
    segments: segments.map(({ model }) => model),
    nodes: nodes.map(({ model }) => model),
    routers: routers.map(({ model }) => model),
    store: {
      segment: storeSegment,
      addresses: { ipv4: undefined, ipv6: undefined },
      number: storeNumber,
      impairment: {
        mtu: segments.find(({ model }) => model.name === storeSegment)?.mtu,
        loss: undefined,
        rate: undefined,
        delay: undefined,
      },
    },
  };
}

/** Reads an object by its table of keys: reports unknown keys, missing keys, and values that do not fit. */
function readTable<T extends Readonly<Record<string, z.ZodMiniType>>>(
  written: ObjectNode,
  table: T,
  name: string,
  path: string,
  at: Span,
  findings: Findings,
): { readonly object: ObjectNode } & KeyReading<T> {
  const { object } = settleKeys(written, { names: Object.keys(table), path, document: name }, findings);
  const read = readKeys(object, table, path, findings);
  requireKeys(read.given, table, path, at, findings);
  return { object, ...read };
}

function membersOf(object: ObjectNode | undefined): readonly JsonMember[] {
  return object?.members ?? [];
}

/** Reports names that cannot be those of a host or of a segment, and names that are there twice. */
function checkNames(members: readonly JsonMember[], findings: Findings): void {
  const seen = new Set<string>();
  for (const { key, keySpan } of members) {
    if (!entryNamePattern.test(key)) {
      findings.error('bad-name', keySpan, `the name \`${key}\` must have ${nameForm}`);
    } else if (takenNames.includes(key) || key.endsWith('-pod')) {
      const message = `the name \`${key}\` is already in use: something else in each lab has it`;
      findings.error('reserved-name', keySpan, message, 'choose another name');
    } else if (seen.has(key)) {
      const message = `the name \`${key}\` is already in use in this file`;
      findings.error(
        'reserved-name',
        keySpan,
        message,
        'give each segment, node and router a name of its own',
      );
    }
    seen.add(key);
  }
}

type WrittenNode = WrittenHost & { readonly model: NodeModel };
type WrittenRouter = WrittenHost & { readonly model: RouterModel };

function readNode(
  { key, keySpan, value }: JsonMember,
  number: number,
  segments: readonly WrittenSegment[],
  findings: Findings,
): readonly WrittenNode[] {
  const path = `Nodes.${key}`;
  if (!isObject(value, path, findings)) return [];
  const { object, values } = readTable(value, nodeKeys, path, path, openingBrace(value), findings);
  const { links, places } = readHostLinks(object, { path, number }, segments, findings);
  const parameters: Record<string, string> = {};
  for (const member of membersOf(values.Parameters?.value)) {
    const { value: node } = member;
    if (node.kind === 'scalar' && node.value !== null) parameters[member.key] = String(node.value);
    else if (node.kind !== 'unread') {
      const message = `\`${path}.Parameters.${member.key}\` must be a string, a number or a boolean, not ${describeKind(node)}`;
      findings.error('wrong-type', node.span, message);
    }
  }
  const recipe = values.Recipe?.value;
  return [{ name: key, keySpan, places, model: { name: key, links, recipe, parameters } }];
}

function readRouter(
  { key, keySpan, value }: JsonMember,
  number: number,
  segments: readonly WrittenSegment[],
  findings: Findings,
): readonly WrittenRouter[] {
  const path = `Routers.${key}`;
  if (!isObject(value, path, findings)) return [];
  const { object, values } = readTable(value, routerKeys, path, path, openingBrace(value), findings);
  const { links, places } = readHostLinks(object, { path, number }, segments, findings);
  const nat = values.NAT && readNat(values.NAT.value, `${path}.NAT`, findings);
  return [
    {
      name: key,
      keySpan,
      places,
      model: { name: key, links, nat: nat?.model },
      ...(nat && { nat: nat.places }),
    },
  ];
}

function readNat(
  value: ObjectNode,
  path: string,
  findings: Findings,
): { readonly model: NatModel; readonly places: NonNullable<WrittenHost['nat']> } | undefined {
  const { values } = readTable(value, natKeys, path, path, openingBrace(value), findings);
  const { Outside, Forward } = values;
  if (Outside === undefined) return undefined;
  return {
    model: { outside: Outside.value, forward: Forward?.value },
    places: { outside: Outside.span, forward: Forward?.span },
  };
}

function isObject(value: JsonMember['value'], path: string, findings: Findings): value is ObjectNode {
  if (value.kind === 'object') return true;
  if (value.kind !== 'unread')
    findings.error('wrong-type', value.span, `\`${path}\` must be an object, not ${describeKind(value)}`);
  return false;
}

function readStore(
  store: { readonly value: ObjectNode } | undefined,
  segments: readonly WrittenSegment[],
  findings: Findings,
): string | undefined {
  if (store === undefined) return undefined;
  const { values } = readTable(store.value, storeKeys, 'Store', 'Store', openingBrace(store.value), findings);
  const { Segment } = values;
  if (Segment === undefined) return undefined;
  const names = segments.map(({ model }) => model.name);
  if (names.includes(Segment.value)) return Segment.value;
  findings.error(
    'unknown-choice',
    Segment.span,
    `\`Store.Segment\` must be one of the segments ${names.join(', ')}`,
    suggestName(Segment.value, names),
  );
  return undefined;
}

/** The segment of the store's server if the file does not say: outside of NAT, so that every node reaches it. */
function usualStoreSegment(
  nodes: readonly WrittenNode[],
  routers: readonly WrittenRouter[],
): string | undefined {
  const outside = routers.find(({ model }) => model.nat !== undefined)?.model.nat?.outside;
  return outside ?? nodes[0]?.model.links[0]?.segment;
}
