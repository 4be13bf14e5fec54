import type { EmitEvent } from '../../event/event.ts';
import { StoreError, type AssignedNode } from '../../store/store.ts';
import { OutageLog } from './outage-log.ts';
import { outlastOutages } from './outlast-outages.ts';

/** Tells the store that the network of this node is up, as soon as the store can be reached. A refusal is a warning. */
export async function reportReady(node: AssignedNode, emit: EmitEvent, signal: AbortSignal): Promise<void> {
  try {
    await outlastOutages(() => node.reportReady(), new OutageLog(emit), signal);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof StoreError)) throw error;
    emit({ event: 'warning', message: error.message });
  }
}
