import type { CheckResult } from '../../../diagnostic/diagnostic.ts';
import { Findings } from '../../../diagnostic/findings.ts';
import { suggestName } from '../../../diagnostic/nearest.ts';
import { positionAt, type SourceText } from '../../../diagnostic/source.ts';
import type { JsonNode, ObjectNode } from '../../../recipe/json/json-tree.ts';
import { parseJsonObject } from '../../../recipe/json/json-syntax.ts';
import type { LocatedNode } from '../../../recipe/read/read-keys.ts';
import { builtInTopology } from '../underlay/built-in.ts';
import type { TopologyModel } from '../underlay/model.ts';
import { labKeys, scenarioKeys } from './keys.ts';
import { LabNames, type StoreFacts } from './lab-names.ts';
import { flanneldHint } from './read-condition.ts';
import { readObject } from './read-object.ts';
import { readStep } from './read-step.ts';
import type { PodPair, Scenario, ScenarioLab, ScenarioStep } from './scenario.ts';

/** The circumstances in which a scenario runs. */
interface ScenarioSurroundings {
  /** The settings that the command line decides about. */
  readonly given: Partial<ScenarioLab>;
  /** The kinds of store that a lab can host, by name. */
  readonly stores: Readonly<Record<string, StoreFacts>>;
  /** Whether the command line names a flanneld. */
  readonly hasFlanneld: boolean;
  /** The topology that decides about the nodes and their links; undefined for those of the lab's settings. */
  readonly topology: TopologyModel | undefined;
}

const usualLab: ScenarioLab = {
  nodes: 3,
  underlay: 'switched',
  store: 'files',
  leaseTtl: undefined,
  checkInterval: undefined,
  onExit: undefined,
  flanneldNodes: undefined,
};

/**
 * Reads a scenario, and checks it for its lab. Everything that is wrong is reported at once, each finding at its exact place.
 *
 * @param name the scenario's name: its file's, without `.json`
 */
export function readScenario(
  source: SourceText,
  name: string,
  { given, stores, hasFlanneld, topology }: ScenarioSurroundings,
): CheckResult<Scenario> {
  const findings = new Findings(source);
  const root = parseJsonObject(source, findings, { openEnd: 'kept' });
  if (root === undefined) return findings.conclude<Scenario>(undefined);
  const { values } = readObject(root, scenarioKeys, '', findings);
  const lab = { ...usualLab, ...readLab(values.Lab, stores, findings), ...given };
  const store = stores[lab.store] ?? { serverName: undefined, takesLeases: true };
  const model = topology ?? builtInTopology(lab.underlay, lab.nodes);
  const names = new LabNames(model, topology === undefined, store, findings);
  checkFlanneld(values.Lab, names, hasFlanneld, findings);
  const steps: ScenarioStep[] = [];
  const pings: PodPair[] = [];
  for (const [index, node] of itemsOf(root).entries()) {
    const around = { names, pings: [...pings], takesLeases: store.takesLeases, hasFlanneld, findings };
    const step = readStep(node, `Steps[${index}]`, around);
    if (step === undefined) continue;
    if (step.action.kind === 'ping') pings.push(step.action.pair);
    steps.push({ line: positionAt(source.text, node.span.offset).line, ...step });
  }
  return findings.conclude<Scenario>({ name, description: values.Description?.value, lab, steps });
}

/** Finds the topology file that a scenario names, unless the command line decides about the nodes or their links. */
export function findTopology(
  source: SourceText,
  given: Pick<Partial<ScenarioLab>, 'nodes' | 'underlay'>,
): string | undefined {
  if (given.nodes !== undefined || given.underlay !== undefined) return undefined;
  // `readScenario` reports what is wrong.
  const root = parseJsonObject(source, new Findings(source), { openEnd: 'kept' });
  const lab = root?.members.find(({ key }) => key === 'Lab')?.value;
  const file = lab?.kind === 'object' ? lab.members.find(({ key }) => key === 'Topology')?.value : undefined;
  return file?.kind === 'scalar' && typeof file.value === 'string' && file.value !== ''
    ? file.value
    : undefined;
}

function readLab(
  located: LocatedNode<ObjectNode> | undefined,
  stores: Readonly<Record<string, StoreFacts>>,
  findings: Findings,
): Partial<ScenarioLab> {
  if (located === undefined) return {};
  const { values } = readObject(located.value, labKeys, 'Lab', findings);
  const { Nodes, Underlay, Topology, Store, LeaseTTL, CheckInterval, OnExit, FlanneldNodes } = values;
  for (const other of [Nodes, Underlay]) {
    if (Topology === undefined || other === undefined) continue;
    const message = '`Lab.Topology` decides about the nodes and their links';
    findings.error('unused-key', other.keySpan, message, 'remove one of the two keys');
  }
  const known = Object.keys(stores);
  if (Store !== undefined && !known.includes(Store.value)) {
    const message = `\`Lab.Store\` must be one of ${known.map((each) => `\`${each}\``).join(', ')}`;
    findings.error('unknown-choice', Store.span, message, suggestName(Store.value, known));
  }
  return {
    ...(Nodes && { nodes: Nodes.value }),
    ...(Underlay && { underlay: Underlay.value }),
    ...(Store && { store: Store.value }),
    ...(LeaseTTL && { leaseTtl: LeaseTTL.value }),
    ...(CheckInterval && { checkInterval: CheckInterval.value }),
    ...(OnExit && { onExit: OnExit.value }),
    ...(FlanneldNodes && { flanneldNodes: FlanneldNodes.value }),
  };
}

/** Checks the nodes that run flanneld, and that the command line names one. */
function checkFlanneld(
  located: LocatedNode<ObjectNode> | undefined,
  names: LabNames,
  hasFlanneld: boolean,
  findings: Findings,
): void {
  const member = located?.value.members.find(({ key }) => key === 'FlanneldNodes');
  if (member === undefined) return;
  if (!hasFlanneld) findings.error('unused-key', member.keySpan, 'this lab needs a flanneld', flanneldHint);
  for (const item of member.value.kind === 'array' ? member.value.items : [])
    if (item.kind === 'scalar' && typeof item.value === 'string') names.node(item.value, item.span);
}

/** The nodes of the steps. They are read from the text itself, so that one wrong step does not hide the others. */
function itemsOf(root: ObjectNode): readonly JsonNode[] {
  const steps = root.members.find(({ key }) => key === 'Steps')?.value;
  // `readObject` has reported any other kind of value.
  return steps?.kind === 'array' ? steps.items : [];
}
