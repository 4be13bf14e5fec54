import { setTimeout as delay } from 'node:timers/promises';
import type { NodeStatus } from '../../daemon/report/status.ts';
import type { HeddleEvent } from '../../event/event.ts';
import { readVersion } from '../../host/version.ts';
import { findFailures } from '../events/failed-commands.ts';
import { toTimeline } from '../events/time-line.ts';
import { DocumentFollowers } from '../followers.ts';
import type { PageDocument } from '../model.ts';
import type { PageSource } from '../server.ts';
import { describeNode } from './describe-node.ts';

/** The interval between two looks at the status, in milliseconds. */
const lookMs = 500;

/** The most events that are kept for the page. */
const mostEvents = 1000;

/** One real node as a live page, which can only be read. It looks only while somebody follows. */
export class LiveNode implements PageSource {
  readonly #name: string;
  readonly #status: () => NodeStatus | undefined;
  readonly #events: { readonly time: string; readonly event: HeddleEvent }[] = [];
  readonly #followers = new DocumentFollowers();
  #isRunning = false;

  constructor(name: string, status: () => NodeStatus | undefined) {
    this.#name = name;
    this.#status = status;
  }

  note(event: HeddleEvent): void {
    // The log has the address of the page; a screenshot of the page must not have the token.
    if (event.event === 'warning' && event.message.includes('?token=')) return;
    this.#events.push({ time: new Date().toISOString(), event });
    if (this.#events.length > mostEvents) this.#events.shift();
  }

  follow(onChange: (document: PageDocument) => void): () => void {
    const stop = this.#followers.add(onChange);
    if (!this.#isRunning) {
      this.#isRunning = true;
      void this.#look().finally(() => (this.#isRunning = false));
    }
    return stop;
  }

  async #look(): Promise<void> {
    while (!this.#followers.isEmpty) {
      try {
        this.#show();
      } catch {
        // A look that fails must not end the daemon; the next one may succeed.
      }
      await delay(lookMs, undefined, { ref: false });
    }
  }

  #show(): void {
    const events = [{ node: this.#name, events: this.#events }];
    const status = this.#status();
    this.#followers.show({
      page: 'node',
      title: `Node ${this.#name}`,
      version: readVersion(),
      madeAt: new Date().toISOString(),
      status: status === undefined ? null : describeNode(status),
      timeline: toTimeline(events, []),
      // The text of the recipe may hold what its owner does not want to show.
      failures: findFailures(events, () => undefined),
    });
  }
}
