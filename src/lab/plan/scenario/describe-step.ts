import { formatCount } from '../../../diagnostic/words.ts';
import { formatDelay, formatLoss, formatRate, type LinkChange } from '../underlay/impairment.ts';
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
    case 'impair':
      return `impair ${action.link}: ${describeChange(action.change)}`;
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

function describeChange(change: LinkChange): string {
  if (Object.values(change).length === 4 && Object.values(change).every((value) => value === null))
    return 'without any limit';
  const { mtu, loss, rate, delay } = change;
  const limit = (name: string, value: string | null | undefined): readonly string[] =>
    value === undefined ? [] : [value === null ? `no ${name}` : `${name} ${value}`];
  const format = (
    value: number | null | undefined,
    print: (value: number) => string,
  ): string | null | undefined => (value === null || value === undefined ? value : print(value));
  return [
    ...limit('MTU', format(mtu, String)),
    ...limit('loss', format(loss, formatLoss)),
    ...limit('rate', format(rate, formatRate)),
    ...limit('delay', format(delay, formatDelay)),
  ].join(', ');
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
