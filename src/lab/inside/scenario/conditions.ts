import { setTimeout as delay } from 'node:timers/promises';
import { formatCount } from '../../../diagnostic/words.ts';
import { noFamily, presentValues, type PerFamily } from '../../../network/per-family.ts';
import { readState, stateScript } from '../../plan/kernel/read-state.ts';
import { describePair } from '../../plan/scenario/describe-step.ts';
import { findEntry } from '../../plan/scenario/find-entry.ts';
import { fillPlaceholders } from '../../plan/scenario/placeholders.ts';
import type { AwaitedState, Condition, PodPair } from '../../plan/scenario/scenario.ts';
import { runInPlace } from './run-in-place.ts';
import { stateOfHost } from './host-state.ts';
import type { ScenarioWorld } from './world.ts';

/** The bytes of an echo as an IP packet. */
const echoBytes = 112;
/** The number of echoes that rule out a chance loss. */
const triesDespiteLoss = 3;
const lookEveryMs = 200;

/** The result of a condition: a note as a clause, or the parts that do not hold. */
export type ConditionResult =
  | { readonly kind: 'holds'; readonly note: string | undefined }
  | { readonly kind: 'fails'; readonly because: readonly string[] };

/** Waits until a condition holds, for at most `withinMs`; with 0, looks once. */
export async function awaitCondition(
  condition: Condition,
  world: ScenarioWorld,
  withinMs: number,
): Promise<ConditionResult> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const result = await checkCondition(condition, world);
    if (result.kind === 'holds' || performance.now() >= deadline) return result;
    await delay(lookEveryMs);
  }
}

async function checkCondition(condition: Condition, world: ScenarioWorld): Promise<ConditionResult> {
  const parts = await Promise.all([
    checkPairs(condition, world),
    checkStates(condition.states, world),
    checkEntries(condition.entries, world),
  ]);
  const because = parts.flat();
  if (because.length > 0 || condition.lost === undefined)
    return because.length > 0 ? { kind: 'fails', because } : { kind: 'holds', note: undefined };
  const { pair, atMost } = condition.lost;
  const losses = await world.pings.losses(pair);
  if (losses.kind === 'silent')
    return { kind: 'fails', because: [`the ping ${describePair(pair)} is not answered`] };
  const note = `${losses.lost} of ${formatCount(losses.sent, 'packet')} lost`;
  return losses.lost <= atMost ? { kind: 'holds', note } : { kind: 'fails', because: [note] };
}

async function checkPairs(
  { reach, unreachable }: Condition,
  world: ScenarioWorld,
): Promise<readonly string[]> {
  const missing = await checkEach(reach, async (pair) =>
    (await answers(pair, triesDespiteLoss, world))
      ? undefined
      : `the pod of ${pair.to} does not answer the pod of ${pair.from}`,
  );
  const answering = await checkEach(unreachable, async (pair) =>
    (await answers(pair, 1, world)) ? `the pod of ${pair.to} answers the pod of ${pair.from}` : undefined,
  );
  return [...missing, ...answering];
}

/** Checks pairs, those of one sender one after the other. */
async function checkEach(
  pairs: readonly PodPair[],
  check: (pair: PodPair) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const senders = [...new Set(pairs.map(({ from }) => from))];
  const found = await Promise.all(
    senders.map(async (sender) => {
      const reasons: string[] = [];
      for (const pair of pairs.filter(({ from }) => from === sender)) {
        const reason = await check(pair);
        if (reason !== undefined) reasons.push(reason);
      }
      return reasons;
    }),
  );
  return found.flat();
}

/** Whether a pod gets an answer from each address of another pod. */
async function answers(
  { from, to }: PodPair,
  tries: number,
  { lab, agents }: ScenarioWorld,
): Promise<boolean> {
  const target = lab.nodes.find(({ plan }) => plan.name === to);
  const networks: PerFamily<{ readonly pod: string }> = target?.networks ?? noFamily;
  const addresses = presentValues(networks).map(({ pod }) => pod);
  const agent = agents.get(from);
  if (agent === undefined || addresses.length === 0) return false;
  for (const address of addresses) {
    let isAnswered = false;
    for (let number = 0; number < tries && !isAnswered; number += 1)
      isAnswered = await agent.echo({ address, packetBytes: echoBytes });
    if (!isAnswered) return false;
  }
  return true;
}

async function checkStates(
  states: Readonly<Record<string, AwaitedState>>,
  { lab }: ScenarioWorld,
): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(states).map(async ([name, wanted]) => {
      const { state, why } = await stateOfHost(lab, name);
      if (state === wanted) return [];
      return [`${name} is ${state}, not ${wanted}${why === undefined ? '' : `: ${why}`}`];
    }),
  );
  return found.flat();
}

async function checkEntries(
  entries: Condition['entries'],
  { lab }: ScenarioWorld,
): Promise<readonly string[]> {
  if (entries === undefined) return [];
  const { place, has, lacks } = entries;
  const state = readState(await runInPlace(lab, place, stateScript));
  const nodes = lab.reports();
  const check = (description: string, isWanted: boolean): readonly string[] => {
    const filled = fillPlaceholders(description, nodes);
    if (filled.kind === 'unknown') return [filled.because];
    const found = findEntry(state, filled.text);
    if ((found !== undefined) === isWanted) return [];
    return [`${place} ${isWanted ? 'does not have' : 'has'} ${filled.text}`];
  };
  return [
    ...has.flatMap((description) => check(description, true)),
    ...lacks.flatMap((description) => check(description, false)),
  ];
}
