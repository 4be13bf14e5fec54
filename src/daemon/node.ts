import type { EmitEvent, NodeState } from '../event/event.ts';
import { describeWait } from '../event/human.ts';
import { claimInstance } from '../host/state/instance.ts';
import { endOrphans } from './commands/running-commands.ts';
import { Waits } from './commands/waits.ts';
import { NodeLife, type LifeOwner } from './node-life.ts';
import { requireTakenDown, type TakeDownResult } from './network/take-down.ts';
import { createControlServer } from './report/control.ts';
import type { StopRequest } from './report/control.ts';
import { describeStatus } from './report/status.ts';
import type { NodeStatus } from './report/status.ts';
import { announceSetup } from './setup/announce-setup.ts';
import { checkHost, type CheckedHost } from './setup/check-host.ts';
import type { UpOptions } from './setup/options.ts';
import { prepareNode, type Preparation } from './setup/prepare.ts';
import { publishNetwork } from './setup/publish-network.ts';
import { StartWait } from './setup/start-wait.ts';
import { releaseByItself } from './takeover/release-lease.ts';
import { takeDownStanding } from './takeover/take-down-dead.ts';
import type { StoreLimits } from '../store/limited-store.ts';
import { orAbort } from '../time/or-abort.ts';

/** Whoever is still connected to the control socket this long after the end does not keep the daemon from ending. */
const longestAnswerMs = 300;

/**
 * How long the store may take, once the daemon is told to stop, to confirm what is written: a signal must end the process soon, but
 * whoever asked for the end by the control socket waits for the answer. In milliseconds.
 */
const lastWriteMs = { signal: 600, request: 8000 } as const;

/** How a node stands, as it is told. */
type StateReport =
  | { readonly state: Exclude<NodeState, 'degraded'> }
  | { readonly state: 'degraded'; readonly because: string };

/**
 * How far a node is.
 *
 *     preparing ──all is known──▶ living ──told to stop, or it failed──▶ ended
 *         └───────────────told to stop, or it failed───────────────────────▲
 */
type NodeStage =
  /** The store, or its network configuration, may have to be waited for. */
  | { readonly kind: 'preparing'; readonly wait: StartWait }
  | { readonly kind: 'living'; readonly life: NodeLife }
  | { readonly kind: 'ended' };

interface NodeHooks {
  readonly emit: EmitEvent;
}

/**
 * One node's daemon, from before its first command to after its last. It claims its state directory before it waits for anything,
 * so that `status` and `down` find it, and a second daemon does not wait next to it.
 *
 *     starting → pre-startup → leasing → post-startup → running ⇄ degraded → stopping → stopped
 *                     ▲                                     │
 *                     └──── another node has our subnet ────┘
 */
export class HeddleNode implements LifeOwner {
  readonly #options: UpOptions;
  readonly #hooks: NodeHooks;
  readonly #stopping = new AbortController();
  readonly #hurrying = new AbortController();
  /** Aborted when the store is to be waited for no longer than for a signal. */
  readonly #shortening = new AbortController();
  readonly #startedAt = new Date();
  readonly waits: Waits;
  #stage: NodeStage;
  #standing: StateReport = { state: 'starting' };
  #stopRequest: StopRequest | undefined;
  #lastWriteMs: number = lastWriteMs.signal;
  #takenDown: TakeDownResult = { removed: 0, failed: [], shutdown: 'done' };
  #ended: Promise<void> = Promise.resolve();

  constructor(options: UpOptions, hooks: NodeHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.waits = new Waits(hooks.emit, this.stopping);
    this.#stage = { kind: 'preparing', wait: new StartWait(hooks.emit) };
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get stopRequest(): StopRequest {
    return this.#stopRequest ?? this.#options;
  }

  /**
   * Runs until told to stop. Throws a Failure if it cannot come up, or could not be taken down whole; what can be refused before
   * anything is touched is refused then. The check of the host may have begun before.
   */
  async run(check: Promise<CheckedHost> = checkHost(this.#options)): Promise<void> {
    const host = await orAbort(check, this.stopping);
    const server = createControlServer({
      status: () => this.status(),
      probe: () => this.#probe(),
      stop: async (request) => {
        const isFirst = this.#stopRequest === undefined;
        this.#hooks.emit({ event: 'stop-asked', by: 'heddle down', isFirst });
        this.stop(request, lastWriteMs.request);
        await this.#ended;
        return this.#takenDown;
      },
    });
    const claim = await claimInstance(this.#options.stateDirectory, server, this.stopping);
    const life = this.#live(host).finally(() => this.#end());
    const released = life
      .catch(() => undefined)
      .then(() => {
        setTimeout(() => server.closeAllConnections(), longestAnswerMs).unref();
        return { whole: claim.release() };
      });
    // Whoever asked for the end is told once the next daemon may start, as the answer is all that is still open.
    this.#ended = released.then(() => undefined);
    await released.then(({ whole }) => whole);
    await life;
  }

  /**
   * Asks the daemon to stop; the first request decides how, and the least patient one how long the store is waited for. `patienceMs`: see
   * {@link lastWriteMs}.
   */
  stop(request: StopRequest, patienceMs: number = lastWriteMs.signal): void {
    if (this.#stopRequest === undefined) this.#lastWriteMs = patienceMs;
    else this.#shortenTo(patienceMs);
    this.#stopRequest ??= request;
    this.#stopping.abort();
  }

  #shortenTo(patienceMs: number): void {
    if (patienceMs >= this.#lastWriteMs) return;
    this.#lastWriteMs = patienceMs;
    this.#shortening.abort();
  }

  /** Ends the commands that still run, for whoever has waited long enough for the daemon to stop. */
  hurry(): void {
    this.#shortenTo(lastWriteMs.signal);
    this.#hurrying.abort();
    if (this.#stage.kind === 'living') this.#stage.life.hurry();
  }

  status(): NodeStatus {
    const stage = this.#stage;
    return describeStatus({
      state: this.#standing.state,
      because: this.#standing.state === 'degraded' ? this.#standing.because : undefined,
      startedAt: this.#startedAt,
      options: this.#options,
      waitingFor: stage.kind === 'preparing' ? stage.wait.what : this.#longestWait,
      startOutage: stage.kind === 'preparing' ? stage.wait.outages.current : undefined,
      preparation: stage.kind === 'living' ? stage.life.preparation : undefined,
      running: stage.kind === 'living' ? stage.life.network : undefined,
    });
  }

  get #longestWait(): string | undefined {
    const { longest } = this.waits;
    return longest && describeWait(longest);
  }

  /** The status after every peer was probed. Without a network, there is nothing to probe. Throws a Failure. */
  async #probe(): Promise<NodeStatus> {
    if (this.#stage.kind === 'living') await this.#stage.life.network?.probe.run();
    return this.status();
  }

  enter(to: NodeState, because?: string): void {
    const from = this.#standing.state;
    this.#standing = to === 'degraded' ? { state: to, because: because ?? '' } : { state: to };
    // A reason may change with every peer that fails, each of which is told by itself.
    if (to === from) return;
    this.#hooks.emit({ event: 'state', from, to, ...(because !== undefined && { because }) });
  }

  async #live(host: CheckedHost): Promise<void> {
    if (this.#stage.kind !== 'preparing') throw new Error('a node can run only once');
    const { emit } = this.#hooks;
    await endOrphans(this.#options.stateDirectory, emit);
    const preparation = await this.#prepare(host, this.#stage.wait).catch(async (error: unknown) => {
      if (this.stopping.aborted) await this.#leaveEarly();
      this.stopping.throwIfAborted();
      throw error;
    });
    announceSetup(preparation, emit);
    await preparation.interfaces.remember(preparation.underlay);
    const life = new NodeLife(this.#options, preparation, emit, this);
    this.#stage = { kind: 'living', life };
    try {
      this.#takenDown = await life.run();
    } finally {
      await life.close();
    }
    this.#requireTakenDown();
  }

  async #prepare(host: CheckedHost, wait: StartWait): Promise<Preparation> {
    const prepared = await prepareNode(this.#options, host, wait, this.#limits);
    return publishNetwork(prepared, this.#options).catch(async (error: unknown) => {
      await prepared.store.close();
      throw error;
    });
  }

  /** Told to stop while the store was waited for: what an earlier daemon left up is taken down, unless it is to stay. */
  async #leaveEarly(): Promise<void> {
    this.enter('stopping');
    const { stateDirectory } = this.#options;
    if (this.stopRequest.onExit === 'shutdown') {
      const taken = await takeDownStanding(stateDirectory, this.#hooks.emit, this.#hurrying.signal);
      this.#takenDown = taken ?? this.#takenDown;
    }
    if (this.stopRequest.releaseLease) {
      const lease = await releaseByItself(stateDirectory, this.#limits, this.#hooks.emit);
      this.#takenDown = { ...this.#takenDown, ...(lease && { lease }) };
    }
    this.#requireTakenDown();
  }

  get #limits(): StoreLimits {
    return {
      stopping: this.stopping,
      shortening: this.#shortening.signal,
      lastWriteMs: () => this.#lastWriteMs,
      onWait: (what, limitMs) => this.waits.begin(() => what, limitMs),
    };
  }

  /** Throws a Failure if something of the network is left. Whoever asked for the end reads in the answer what it is. */
  #requireTakenDown(): void {
    const whatNext = `then run: heddle down --state-dir ${this.#options.stateDirectory}`;
    requireTakenDown(this.#takenDown, whatNext);
  }

  #end(): void {
    // A start that was refused says why, and nothing else.
    if (this.#stage.kind === 'living' || this.stopping.aborted) this.enter('stopped');
    this.#stage = { kind: 'ended' };
  }
}
