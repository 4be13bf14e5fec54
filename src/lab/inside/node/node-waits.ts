import type { HeddleEvent, LongWait } from '../../../event/event.ts';
import { describeWait } from '../../../event/human.ts';

/** The time after its limit in which a command may still be ended, in milliseconds. */
const endingMs = 5000;

interface NotedWait {
  readonly wait: LongWait;
  readonly since: number;
}

/** The commands for which a daemon has waited for a while, as its log reports them. */
export class NodeWaits {
  /** The waits by their noun, the oldest first. */
  readonly #noted = new Map<string, NotedWait>();

  note(event: HeddleEvent): void {
    switch (event.event) {
      case 'waiting':
        for (const wait of event.waits) {
          if (!this.#noted.has(wait.what))
            this.#noted.set(wait.what, { wait, since: performance.now() - wait.forMs });
        }
        return;
      case 'command-finished':
        return this.#strikeOut((what) => what === event.command);
      case 'command-failed':
        return this.#strikeOut((what) => what === event.trouble.command);
      case 'peer-added':
      case 'peer-removed':
      case 'peer-failed':
        return this.#strikeOut((what) => what.endsWith(` for ${event.peer.subnet}`));
      case 'batch-applied':
      case 'batch-failed':
        return this.#strikeOut((what) => what.startsWith('SubnetBatchCommand'));
      default:
        return;
    }
  }

  /**
   * The waits for the subnet `about`, or all of them, as clauses. The log does not report the end of CheckCommand, so a wait also ends with
   * its time.
   */
  describe(about?: string): readonly string[] {
    const now = performance.now();
    return [...this.#noted.values()]
      .filter(({ wait, since }) => now - since <= wait.limitMs + endingMs)
      .filter(({ wait }) => about === undefined || wait.what.endsWith(` for ${about}`))
      .map(({ wait, since }) => describeWait({ ...wait, forMs: now - since }));
  }

  #strikeOut(isOver: (what: string) => boolean): void {
    for (const what of this.#noted.keys()) if (isOver(what)) this.#noted.delete(what);
  }
}
