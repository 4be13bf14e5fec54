import { quoteText } from '../../../diagnostic/visible-text.ts';
import { formatCidr } from '../../../network/cidr.ts';
import {
  describeKind,
  openingBrace,
  type JsonNode,
  type ObjectNode,
} from '../../../recipe/json/json-tree.ts';
import type { Json } from '../../../recipe/json/json.ts';
import { joinPath, type KeyReading, type LocatedNode } from '../../../recipe/read/read-keys.ts';
import { pairKeys, runKeys, startWithKeys, stepKeys, verbKeys } from './keys.ts';
import { findPlaceholders } from './placeholders.ts';
import { flanneldHint, readExpectation, readWait, type StepSurroundings } from './read-condition.ts';
import { readImpairment } from './read-impairment.ts';
import { readLease, readSubnet } from './read-lease.ts';
import { readObject } from './read-object.ts';
import type { StepAction } from './scenario.ts';

/** Reads a step. Undefined if it is wrong, which is reported. */
export function readStep(
  node: JsonNode,
  path: string,
  around: StepSurroundings,
): { readonly title: string | undefined; readonly action: StepAction } | undefined {
  const { findings } = around;
  if (node.kind === 'unread') return undefined;
  if (node.kind !== 'object') {
    findings.error(
      'wrong-type',
      node.span,
      `\`${path}\` must be an object, not ${describeKind(node)}`,
      'write `{ "Kill": "node2" }`',
    );
    return undefined;
  }
  const reading = readObject(node, stepKeys, path, findings);
  if (!hasOneVerb(node, path, around)) return undefined;
  const action = readAction(reading, path, around);
  return action && { title: reading.values.Title?.value, action };
}

function hasOneVerb(node: ObjectNode, path: string, { findings }: StepSurroundings): boolean {
  const verbs = node.members.filter(({ key }) => Object.hasOwn(verbKeys, key));
  const [first, second] = verbs;
  if (first === undefined) {
    // An unknown key is reported already, and may be a verb.
    if (node.members.some(({ key }) => !Object.hasOwn(stepKeys, key)) || node.isOpen === true) return false;
    const hint = `add one of ${Object.keys(verbKeys).join(', ')}`;
    findings.error('missing-key', openingBrace(node), `\`${path}\` does not say what to do`, hint);
    return false;
  }
  if (second === undefined) return true;
  const message = `\`${path}\` has both ${quoteText(first.key)} and ${quoteText(second.key)}, but a step does one thing`;
  findings.error('unused-key', second.keySpan, message, 'make a step of its own of it');
  return false;
}

/** The steps that need only the name of a host. */
const hostFaults = [
  ['Stop', 'stop'],
  ['Kill', 'kill'],
  ['Start', 'start'],
  ['Cut', 'cut'],
  ['Join', 'join'],
] as const;

function readAction(
  { values }: KeyReading<typeof stepKeys>,
  path: string,
  around: StepSurroundings,
): StepAction | undefined {
  const { names } = around;
  for (const [verb, kind] of hostFaults) {
    const host = values[verb] && names.host(values[verb].value, values[verb].span);
    if (host !== undefined) return { kind, host };
  }
  if (values.StartWith !== undefined)
    return readStartWith(values.StartWith, joinPath(path, 'StartWith'), around);
  if (values.Impair !== undefined) return readImpairment(values.Impair, joinPath(path, 'Impair'), around);
  if (values.Ping !== undefined) return readPing(values.Ping, joinPath(path, 'Ping'), around);
  if (values.Pause !== undefined) return { kind: 'pause', seconds: values.Pause.value };
  if (values.Run !== undefined) return readRun(values.Run, joinPath(path, 'Run'), around);
  if (values.PutLease !== undefined) {
    const lease = readLease(values.PutLease.value, joinPath(path, 'PutLease'), around.findings);
    const isPossible = canWriteLeases(values.PutLease, around);
    return lease !== undefined && isPossible ? { kind: 'put-lease', lease } : undefined;
  }
  if (values.DeleteLease !== undefined) return readDeletion(values.DeleteLease, path, around);
  if (values.ChangeRecipe !== undefined) return readChange(values.ChangeRecipe);
  if (values.Wait !== undefined) {
    const wait = readWait(values.Wait.value, joinPath(path, 'Wait'), around);
    return wait && { kind: 'wait', ...wait };
  }
  if (values.Expect !== undefined) {
    const condition = readExpectation(values.Expect.value, joinPath(path, 'Expect'), around);
    return condition && { kind: 'expect', condition };
  }
  return undefined;
}

function readStartWith(
  { value: object }: LocatedNode<ObjectNode>,
  path: string,
  { names, hasFlanneld, findings }: StepSurroundings,
): StepAction | undefined {
  const { Node, Program } = readObject(object, startWithKeys, path, findings).values;
  const name = Node && names.node(Node.value, Node.span);
  if (name === undefined || Program === undefined) return undefined;
  if (Program.value === 'flanneld' && !hasFlanneld) {
    findings.error('unused-key', Program.span, 'this step needs a flanneld', flanneldHint);
    return undefined;
  }
  return { kind: 'start-with', node: name, program: Program.value };
}

function readPing(
  { value: object }: LocatedNode<ObjectNode>,
  path: string,
  { names, findings }: StepSurroundings,
): StepAction | undefined {
  const { From, To } = readObject(object, pairKeys, path, findings).values;
  const pair = From && To && names.pair([From.value, To.value], [From.span, To.span]);
  return pair && { kind: 'ping', pair };
}

function readRun(
  { value: object }: LocatedNode<ObjectNode>,
  path: string,
  { names, findings }: StepSurroundings,
): StepAction | undefined {
  const { In, Command, Fails } = readObject(object, runKeys, path, findings).values;
  const place = In && names.place(In.value, In.span);
  const text = Command && names.text(Command.value, Command.span);
  if (place === undefined || text === undefined) return undefined;
  return { kind: 'run', place, command: text, fails: Fails?.value ?? false };
}

/** Reports a step that needs a store into which a lease can be written. Returns whether the lab's is one. */
function canWriteLeases(
  { keySpan }: LocatedNode<unknown>,
  { findings, takesLeases }: StepSurroundings,
): boolean {
  if (takesLeases) return true;
  findings.error(
    'unused-key',
    keySpan,
    'the leases of this store are Nodes of a cluster, which a step cannot write',
    'use --store files or --store etcd',
  );
  return false;
}

function readDeletion(
  located: LocatedNode<string>,
  path: string,
  around: StepSurroundings,
): StepAction | undefined {
  const { value, span } = located;
  if (!canWriteLeases(located, around)) return undefined;
  if (findPlaceholders(value).length > 0) {
    const subnet = around.names.text(value, span);
    return subnet === undefined ? undefined : { kind: 'delete-lease', subnet };
  }
  const cidr = readSubnet(located, joinPath(path, 'DeleteLease'), undefined, around.findings);
  return cidr && { kind: 'delete-lease', subnet: formatCidr(cidr) };
}

function readChange({ value }: LocatedNode<unknown>): StepAction {
  return typeof value === 'string'
    ? { kind: 'change-recipe', change: { kind: 'file', file: value } }
    : { kind: 'change-recipe', change: { kind: 'merge', patch: value as Readonly<Record<string, Json>> } };
}
