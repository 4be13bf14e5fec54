import { formatCount } from '../../../diagnostic/words.ts';
import type { Condition, PodPair, ScenarioStep, StepAction } from './scenario.ts';

/** A step for the report: the author's words, or what the step does. */
export function describeStep({ title, action }: Pick<ScenarioStep, 'title' | 'action'>): string {
  return title ?? describeAction(action);
}

function describeAction(action: StepAction): string {
  switch (action.kind) {
    case 'stop':
    case 'kill':
    case 'start':
    case 'cut':
    case 'join':
      return `${action.kind} ${action.host}`;
    case 'start-with':
      return `start ${action.node} with ${action.program}`;
    case 'ping':
      return `ping ${describePair(action.pair)}`;
    case 'pause':
      return `pause for ${action.seconds} s`;
    case 'run':
      return `run in ${action.place}: ${action.command}${action.fails ? ' (must fail)' : ''}`;
    case 'put-lease':
      return `put the lease ${action.lease.key}`;
    case 'delete-lease':
      return `delete the lease of ${action.subnet}`;
    case 'change-recipe':
      return action.change.kind === 'file'
        ? `change the recipe to ${action.change.file}`
        : `change the recipe: ${JSON.stringify(action.change.patch)}`;
    case 'wait':
      return `wait until ${describeCondition(action.condition)}`;
    case 'expect':
      return `expect that ${describeCondition(action.condition)}`;
  }
}

/** The pair for people: `node1 → node2`. */
export function describePair({ from, to }: PodPair): string {
  return `${from} → ${to}`;
}

function describeCondition({ reach, unreachable, states, entries, lost }: Condition): string {
  const parts = [
    ...(reach.length === 0 ? [] : [`${listPairs(reach)} ${reach.length === 1 ? 'answers' : 'answer'}`]),
    ...(unreachable.length === 0
      ? []
      : [`${listPairs(unreachable)} ${unreachable.length === 1 ? 'does' : 'do'} not answer`]),
    ...Object.entries(states).map(([node, state]) =>
      state === 'ended' ? `${node} has ended` : `${node} is ${state}`,
    ),
    ...(entries === undefined || entries.has.length === 0
      ? []
      : [`${entries.place} has ${entries.has.join(', ')}`]),
    ...(entries === undefined || entries.lacks.length === 0
      ? []
      : [`${entries.place} lacks ${entries.lacks.join(', ')}`]),
    ...(lost === undefined
      ? []
      : [`${describePair(lost.pair)} has lost at most ${formatCount(lost.atMost, 'packet')}`]),
  ];
  return parts.join(', and ');
}

/** The number of pairs that a description names. */
const mostNamed = 3;

function listPairs(pairs: readonly PodPair[]): string {
  if (pairs.length > mostNamed) return formatCount(pairs.length, 'pair');
  return pairs.map(describePair).join(', ');
}
