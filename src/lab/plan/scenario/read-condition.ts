import type { Findings } from '../../../diagnostic/findings.ts';
import { openingBrace, type JsonNode, type ObjectNode } from '../../../recipe/json/json-tree.ts';
import { joinPath, type KeyReading, type LocatedNode } from '../../../recipe/read/read-keys.ts';
import { conditionKeys, entryKeys, lossKeys, waitKeys, defaultWaitSeconds } from './keys.ts';
import type { LabNames } from './lab-names.ts';
import { readObject } from './read-object.ts';
import type { AwaitedState, Condition, PodPair } from './scenario.ts';

/** The surroundings of a step: the names of the lab, and the pings that earlier steps have begun. */
export interface StepSurroundings {
  readonly names: LabNames;
  readonly pings: readonly PodPair[];
  /** Whether leases can be written into the store. */
  readonly takesLeases: boolean;
  /** Whether the command line names a flanneld. */
  readonly hasFlanneld: boolean;
  readonly findings: Findings;
}

/** The hint for a scenario that needs a flanneld. */
export const flanneldHint = 'name one on the command line: --flanneld PATH';

/** Reads the condition of `Expect`. Undefined if it is wrong, which is reported. */
export function readExpectation(
  object: ObjectNode,
  path: string,
  around: StepSurroundings,
): Condition | undefined {
  return readParts(object, readObject(object, conditionKeys, path, around.findings), path, around);
}

/** Reads the condition of `Wait` and its time. Undefined if it is wrong, which is reported. */
export function readWait(
  object: ObjectNode,
  path: string,
  around: StepSurroundings,
): { readonly condition: Condition; readonly seconds: number } | undefined {
  const reading = readObject(object, waitKeys, path, around.findings);
  const condition = readParts(object, reading, path, around);
  return condition && { condition, seconds: reading.values.Seconds?.value ?? defaultWaitSeconds };
}

function readParts(
  object: ObjectNode,
  { values, given }: KeyReading<typeof conditionKeys>,
  path: string,
  around: StepSurroundings,
): Condition | undefined {
  if (Object.keys(conditionKeys).every((key) => !given.has(key))) {
    const known = Object.keys(conditionKeys).join(', ');
    const message = `\`${path}\` does not have a condition`;
    around.findings.error('missing-key', openingBrace(object), message, `add one of ${known}`);
    return undefined;
  }
  return {
    reach: values.Reach === undefined ? [] : readReach(values.Reach, path, around),
    unreachable: values.Unreachable === undefined ? [] : readPairs(values.Unreachable.node, around),
    states: values.States === undefined ? {} : readStates(values.States, joinPath(path, 'States'), around),
    entries: values.Entries && readEntries(values.Entries, joinPath(path, 'Entries'), around),
    lost: values.Lost && readLoss(values.Lost, joinPath(path, 'Lost'), around),
  };
}

function readReach(
  { value, node, span }: LocatedNode<unknown>,
  path: string,
  around: StepSurroundings,
): readonly PodPair[] {
  if (typeof value !== 'string') return readPairs(node, around);
  if (value !== 'all') {
    const message = `\`${joinPath(path, 'Reach')}\` must be \`all\`, or an array of pairs`;
    around.findings.error('unknown-choice', span, message, 'write `"all"`, or `[["node1", "node2"]]`');
  }
  const { nodes } = around.names;
  return nodes.flatMap((from) => nodes.flatMap((to) => (from === to ? [] : [{ from, to }])));
}

/** Reads an array of pairs, whose form was checked. */
function readPairs(node: JsonNode, { names }: StepSurroundings): readonly PodPair[] {
  if (node.kind !== 'array') return [];
  return node.items.flatMap((item) => {
    const [from, to] = item.kind === 'array' ? item.items : [];
    if (from?.kind !== 'scalar' || to?.kind !== 'scalar') return [];
    return names.pair([String(from.value), String(to.value)], [from.span, to.span]) ?? [];
  });
}

const states: readonly string[] = ['running', 'degraded', 'ended'] satisfies readonly AwaitedState[];

function readStates(
  { value }: LocatedNode<ObjectNode>,
  path: string,
  { names, findings }: StepSurroundings,
): Readonly<Record<string, AwaitedState>> {
  const read: Record<string, AwaitedState> = {};
  for (const { key, keySpan, value: state } of value.members) {
    const name = names.host(key, keySpan);
    const text = state.kind === 'scalar' ? state.value : undefined;
    if (state.kind === 'unread') continue;
    if (!isState(text)) {
      const message = `\`${joinPath(path, key)}\` must be one of ${states.map((each) => `\`${each}\``).join(', ')}`;
      findings.error('unknown-choice', state.span, message);
    } else if (name !== undefined) read[name] = text;
  }
  return read;
}

function isState(value: unknown): value is AwaitedState {
  return typeof value === 'string' && states.includes(value);
}

function readEntries(
  { value: object, keySpan }: LocatedNode<ObjectNode>,
  path: string,
  { names, findings }: StepSurroundings,
): Condition['entries'] {
  const { values, given } = readObject(object, entryKeys, path, findings);
  if (!given.has('Has') && !given.has('Lacks'))
    findings.error('missing-key', keySpan, `\`${path}\` does not have a description`, 'add Has or Lacks');
  const place = values.In && names.place(values.In.value, values.In.span);
  for (const list of [values.Has, values.Lacks]) {
    for (const item of list?.node.kind === 'array' ? list.node.items : []) {
      if (item.kind === 'scalar') names.text(String(item.value), item.span);
    }
  }
  return place === undefined
    ? undefined
    : { place, has: values.Has?.value ?? [], lacks: values.Lacks?.value ?? [] };
}

function readLoss(
  { value: object, keySpan }: LocatedNode<ObjectNode>,
  path: string,
  { names, pings, findings }: StepSurroundings,
): Condition['lost'] {
  const { From, To, AtMost } = readObject(object, lossKeys, path, findings).values;
  const pair = From && To && names.pair([From.value, To.value], [From.span, To.span]);
  if (pair === undefined || AtMost === undefined) return undefined;
  if (!pings.some((ping) => ping.from === pair.from && ping.to === pair.to)) {
    const message = `no earlier step begins a ping from ${pair.from} to ${pair.to}`;
    const hint = `add a step before: \`{ "Ping": { "From": "${pair.from}", "To": "${pair.to}" } }\``;
    findings.error('missing-key', keySpan, message, hint);
    return undefined;
  }
  return { pair, atMost: AtMost.value };
}
