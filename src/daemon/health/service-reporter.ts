import type { EmitEvent } from '../../event/event.ts';
import type { ServiceManager } from '../../host/service-manager.ts';
import { timerDelay } from '../../time/longest-timer.ts';

/** The shortest time between two notices that only change the status, in milliseconds, because each notice is a process. */
const statusPauseMs = 5000;

/** The number of signs of life in an interval of the watchdog, so that a lost one does no harm. */
const signsInInterval = 3;

/** The daemon that a {@link ServiceReporter} reports about. */
interface ReportedDaemon {
  /** Its state in one line. */
  readonly headline: string;
  /** Whether none of its loops hangs. */
  readonly isWell: boolean;
}

/** The progress of the service, as systemd knows it. */
type Phase = 'starting' | 'ready' | 'stopping';

/** Whether the last notice reached the service manager. The first of several failures is logged. */
type Reach = 'works' | 'fails';

/**
 * The sending of notices, one at a time, in their order.
 *
 *     idle ──send──▶ sending ──send──▶ sending (the new notice waits for the one before)
 *      ▲                │
 *      └─ the last notice was sent, or failed ─┘
 */
type Delivery =
  | { readonly kind: 'idle'; readonly reach: Reach }
  | { readonly kind: 'sending'; readonly last: Promise<void>; readonly reach: Reach };

/** Reports to the service manager: ready, stopping, the status in one line, and signs of life for the watchdog. Sends one notice at a time. */
export class ServiceReporter {
  readonly #manager: ServiceManager;
  readonly #daemon: ReportedDaemon;
  readonly #emit: EmitEvent;
  #phase: Phase = 'starting';
  #sent: { readonly phase: Phase; readonly status: string; readonly at: number } | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #delivery: Delivery = { kind: 'idle', reach: 'works' };

  constructor(manager: ServiceManager, daemon: ReportedDaemon, emit: EmitEvent) {
    this.#manager = manager;
    this.#daemon = daemon;
    this.#emit = emit;
  }

  /** Begins with the signs of life, if the watchdog watches this process. */
  start(): void {
    const intervalMs = this.#manager.watchdogMs(process.pid);
    if (intervalMs === undefined) return;
    const sign = (): void => {
      if (this.#daemon.isWell) this.#send({ isAlive: true });
    };
    this.#watchdog = setInterval(sign, timerDelay(intervalMs / signsInInterval)).unref();
    sign();
  }

  /** Takes the events that change the phase of the service. */
  readonly note: EmitEvent = (event) => {
    if (event.event === 'ready' && this.#phase === 'starting') this.#enter('ready');
    else if (event.event === 'state' && event.to === 'stopping') this.#enter('stopping');
  };

  /** Sends the status, if it has changed. Call now and then. */
  beat(): void {
    if (this.#delivery.kind === 'sending') return;
    const status = this.#daemon.headline;
    const isNews = this.#sent?.phase !== this.#phase;
    const isDue = this.#sent === undefined || performance.now() - this.#sent.at >= statusPauseMs;
    if (isNews || (isDue && this.#sent?.status !== status)) this.#sendStatus();
  }

  /** Resolves when no notice is being sent. */
  async idle(): Promise<void> {
    while (this.#delivery.kind === 'sending') await this.#delivery.last;
  }

  /** Ends the signs of life, and waits for the last notice. */
  async close(): Promise<void> {
    clearInterval(this.#watchdog);
    await this.idle();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    // The event comes before the state that it leads to.
    setImmediate(() => this.#sendStatus());
  }

  #sendStatus(): void {
    const phase = this.#phase;
    const status = this.#daemon.headline;
    const isNew = this.#sent?.phase !== phase && phase !== 'starting';
    this.#sent = { phase, status, at: performance.now() };
    this.#send({ status, ...(isNew && { state: phase }) });
  }

  #send(notice: Parameters<ServiceManager['send']>[0]): void {
    const before = this.#delivery.kind === 'sending' ? this.#delivery.last : Promise.resolve();
    const last = before.then(async () => {
      const trouble = await this.#manager.send(notice);
      this.#noteOutcome(last, trouble);
    });
    this.#delivery = { kind: 'sending', last, reach: this.#delivery.reach };
  }

  #noteOutcome(sent: Promise<void>, trouble: string | undefined): void {
    const { reach: before } = this.#delivery;
    const reach = trouble === undefined ? 'works' : 'fails';
    switch (this.#delivery.kind) {
      case 'sending':
        this.#delivery =
          this.#delivery.last === sent ? { kind: 'idle', reach } : { ...this.#delivery, reach };
        break;
      case 'idle':
        throw new Error('a notice was sent while none was being sent');
    }
    if (trouble === undefined || before === 'fails' || this.#phase === 'stopping') return;
    const message =
      `cannot notify the service manager at NOTIFY_SOCKET: ${trouble}; ` +
      'a service of Type=notify does not become ready, and a watchdog ends it';
    this.#emit({ event: 'warning', message });
  }
}
