import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration } from '../../diagnostic/words.ts';
import { fatal, fine, unclear, warning, type Judgement } from '../../doctor/finding.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { StoreError, toleratedClockLeadMs, type LeaseStore } from '../../store/store.ts';
import { viewStore, type StoreView } from '../up/view-store.ts';

/** The longest look at a store, in milliseconds: a share or a member of etcd may never answer. */
const longestMs = 10_000;

/** The state of a store, as a doctor sees it. */
interface StoreExamination {
  /** Undefined if the store cannot be seen. */
  readonly view: Extract<StoreView, { readonly kind: 'seen' }> | undefined;
  readonly store: Judgement;
  readonly clock: Judgement;
}

/** Looks at a store for ten seconds at most, and writes nothing. */
export async function examineStore(choice: StoreChoice): Promise<StoreExamination> {
  let writing: Judgement | undefined;
  let clock: Judgement | undefined;
  const look = async (store: LeaseStore): Promise<void> => {
    writing = await examineWriting(store);
    clock = judgeClock(await store.measureClockLead?.());
  };
  const unknownClock = unclear('the clock of the store cannot be seen');
  try {
    const late = delay(longestMs, undefined, { ref: false }).then(() => {
      throw new StoreError(`the store did not answer within ${longestMs / 1000} s`, { retryable: true });
    });
    const view = await Promise.race([viewStore(choice, look), late]);
    if (view.kind === 'away') {
      return { view: undefined, store: unreachable(view.because, view.hint), clock: unknownClock };
    }
    const store = writing ?? fine(`heddle up makes a ${view.description}`);
    return { view, store, clock: clock ?? fine('the store is new') };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { view: undefined, store: unreachable(error.message, error.hint), clock: unknownClock };
  }
}

async function examineWriting(store: LeaseStore): Promise<Judgement> {
  const { description } = store;
  try {
    if (store.examineWriting === undefined) return fine(`the ${description} can be read`);
    await store.examineWriting();
    return fine(`the ${description} can be read and written`);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return fatal(error.message, { advice: error.hint ?? `allow this host to write into the ${description}` });
  }
}

function unreachable(because: string, hint: string | undefined): Judgement {
  return fatal(because, {
    advice: hint ?? 'heddle up waits until the store can be reached; check its address and the network',
  });
}

function judgeClock(leadMs: number | undefined): Judgement {
  if (leadMs === undefined) {
    return unclear(
      'the clock of the store shows only when heddle up writes its lease, and heddle up compares it then',
    );
  }
  if (Math.abs(leadMs) <= toleratedClockLeadMs)
    return fine('the clock of this host agrees with that of the store');
  const side = leadMs > 0 ? 'ahead of' : 'behind';
  return warning(
    `the clock of this host is ${formatDuration(Math.abs(leadMs))} ${side} that of the store, so nodes misjudge when leases or certificates expire`,
    { advice: 'synchronise the clocks of all nodes and of the store', command: 'timedatectl set-ntp true' },
  );
}
