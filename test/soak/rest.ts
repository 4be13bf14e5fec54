import { setTimeout as delay } from 'node:timers/promises';
import type { Diary } from './diary.ts';
import { compareEntries, entriesIn, entriesOf, type Difference } from './entries.ts';
import type { Population } from './population.ts';
import type { SoakNode } from './soak-node.ts';

/** Peers whose nodes lost their leases stay for a minute; a command or a repair that failed often is tried after a minute. */
const longestSeconds = 150;
/** So long everything has to stay as it should be: a command that a dead daemon left could still undo it. */
const stableSeconds = 3;
const lookMs = 250;

/** A look at all nodes after the faults had ended. */
export interface RestCheck {
  /** Seconds from the begin of the soak. */
  readonly atSeconds: number;
  /** Seconds until the last node was as it should be. */
  readonly tookSeconds: number;
  readonly passed: boolean;
  readonly nodes: readonly NodeCheck[];
}

interface NodeCheck extends Difference {
  readonly name: string;
  /** How many entries the leases ask for. */
  readonly wanted: number;
  /** Why the node is not at rest though its entries are right; undefined if it is. */
  readonly unrest: string | undefined;
}

/** Waits until every node has exactly the entries that the leases ask for, and stays so. */
export async function awaitRest(
  nodes: readonly SoakNode[],
  population: Population,
  diary: Diary,
): Promise<RestCheck> {
  const begun = diary.seconds;
  let rightSince: number | undefined;
  for (;;) {
    const checks = await Promise.all(nodes.map((node) => checkNode(node, population)));
    const isRight = checks.every(
      ({ stale, missing, unrest }) => stale.length + missing.length === 0 && !unrest,
    );
    const now = diary.seconds;
    if (!isRight) rightSince = undefined;
    else rightSince ??= now;
    const passed = rightSince !== undefined && now - rightSince >= stableSeconds;
    const isDead = nodes.some((node) => !node.isRunning);
    if (passed || isDead || now - begun > longestSeconds)
      return { atSeconds: now, tookSeconds: (rightSince ?? now) - begun, passed, nodes: checks };
    await delay(lookMs);
  }
}

async function checkNode(node: SoakNode, population: Population): Promise<NodeCheck> {
  const wanted = entriesOf(await population.leases(), node.host.publicIp);
  const difference = compareEntries(wanted, entriesIn(await node.look()));
  return { name: node.name, wanted: wanted.length, ...difference, unrest: await unrestOf(node) };
}

async function unrestOf(node: SoakNode): Promise<string | undefined> {
  if (!node.isRunning) return 'its daemon does not run';
  const status = await node.status();
  if (status === undefined) return 'its daemon does not answer';
  const { state, because, counts, concerns } = status;
  // The hostile leases of another backend type are a concern, and rightly so.
  const expected = concerns.filter(({ kind }) => kind === 'unreachable').map((concern) => concern.because);
  if (!['running', 'degraded'].includes(state) || (because ?? '') !== expected.join('; '))
    return `it is ${state}: ${because ?? 'no reason given'}`;
  return counts.pending + counts.failing === 0
    ? undefined
    : `${counts.pending} peers wait and ${counts.failing} fail`;
}
