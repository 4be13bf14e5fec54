import type { EmitEvent, NodeState } from '../event/event.ts';
import { describeWait } from '../event/human.ts';
import type http from 'node:http';
import { ClaimedDirectory } from '../host/state/claimed-directory.ts';
import { claimInstance, type Instance } from '../host/state/instance.ts';
import { explainError } from '../host/system-error.ts';
import { endOrphans } from './commands/running-commands.ts';
import { Waits } from './commands/waits.ts';
import { NodeLife, type LifeOwner } from './node-life.ts';
import { emptyTakeDown, requireTakenDown, type TakeDownResult } from './network/take-down.ts';
import type { Vital } from './health/vital.ts';
import { networkParts } from './network/parts/parts.ts';
import { createControlServer } from './report/control.ts';
import type { StopRequest } from './report/control.ts';
import { judgeReadiness, type CheckPart } from './report/readiness.ts';
import { currentOutage, describeStatus, type StageFacets } from './report/status.ts';
import type { NodeStatus } from './report/status.ts';
import { announceSetup } from './setup/announce-setup.ts';
import { checkHost, type CheckedHost } from './setup/check-host.ts';
import type { UpOptions } from './setup/options.ts';
import { prepareNode, type Preparation } from './setup/prepare.ts';
import { publishNetwork } from './setup/publish-network.ts';
import { StartWait } from './setup/start-wait.ts';
import { releaseByItself } from './takeover/release-lease.ts';
import { requireNoRival } from './takeover/rival-daemons.ts';
import { takeDownStanding } from './takeover/take-down-dead.ts';
import { Periodic } from '../time/periodic.ts';
import type { StoreLimits } from '../store/limited-store.ts';
import { orAbort } from '../time/or-abort.ts';
import { pollsMs } from '../time/retry.ts';

/** The longest time that an open connection to the control socket delays the end of the daemon, in milliseconds. */
const longestAnswerMs = 300;

/**
 * The time that the store has to confirm writes after the daemon is told to stop, in milliseconds. A signal must end the process soon, but
 * a request on the control socket waits for the answer.
 */
const lastWriteMs = { signal: 600, request: 8000 } as const;

/** The control socket that this daemon listens on, and its claim on the state directory. */
interface Claim {
  readonly server: http.Server;
  readonly instance: Instance;
}

/** The state of a node, as it is reported. */
type StateReport =
  | { readonly state: Exclude<NodeState, 'degraded'> }
  | { readonly state: 'degraded'; readonly because: string };

/**
 * The progress of a node.
 *
 *     preparing ──all is known──▶ living ──told to stop, or it failed──▶ ended
 *         └───────────────told to stop, or it failed───────────────────────▲
 */
type NodeStage =
  /** The node may wait for the store, or for a network configuration in it. */
  | { readonly kind: 'preparing'; readonly wait: StartWait }
  | { readonly kind: 'living'; readonly life: NodeLife }
  | { readonly kind: 'ended' };

/**
 * The request to stop, if there was one.
 *
 *     unasked ──first request──▶ asked ──a request with less patience, or hurry──▶ asked, with less patience
 */
type StopState =
  | { readonly kind: 'unasked' }
  /** The first request decides how the node stops. `patienceMs`: see {@link lastWriteMs}. */
  | { readonly kind: 'asked'; readonly request: StopRequest; readonly patienceMs: number };

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
  /** Aborted when the store is waited for no longer than after a signal. */
  readonly #shortening = new AbortController();
  readonly #startedAt = new Date();
  readonly waits: Waits;
  #stage: NodeStage;
  #standing: StateReport = { state: 'starting' };
  #stopState: StopState = { kind: 'unasked' };
  /** The state directory and its claim; undefined before it is claimed. */
  #holding:
    | {
        readonly claim: Claim;
        readonly directory: ClaimedDirectory;
        readonly answered: Promise<TakeDownResult>;
      }
    | undefined;
  readonly #directoryWatch = new Periodic(pollsMs.stateDirectory, () => this.keepStateDirectory());

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
    return this.#stopState.kind === 'asked' ? this.#stopState.request : this.#options;
  }

  /**
   * Runs until told to stop. Throws a Failure if the network cannot come up, or cannot be taken down completely. Errors that can be found
   * early are thrown before anything is touched. The check of the host may have begun before.
   */
  async run(check: Promise<CheckedHost> = checkHost(this.#options)): Promise<void> {
    const host = await orAbort(check, this.stopping);
    let answer: (taken: TakeDownResult) => void = () => undefined;
    const answered = new Promise<TakeDownResult>((resolve) => (answer = resolve));
    const claim = await this.#claim(answered);
    const directory = new ClaimedDirectory(this.#options.stateDirectory);
    this.#holding = { claim, directory, answered };
    this.#directoryWatch.start();
    const life = this.#live(host).finally(() => this.#end());
    const taken = await life.catch(() => emptyTakeDown);
    this.#directoryWatch.stop();
    const { server, instance } = this.#holding.claim;
    setTimeout(() => server.closeAllConnections(), longestAnswerMs).unref();
    const released = instance.release();
    // The answer comes after the claim is released, so that the next daemon may start as soon as the answer is read.
    answer(taken);
    await released;
    this.#requireTakenDown(await life);
  }

  /** Listens on the control socket. `answered` is the answer to a request to stop. */
  async #claim(answered: Promise<TakeDownResult>): Promise<Claim> {
    const server = createControlServer({
      status: () => this.status(),
      waits: () => this.waits.all,
      probe: () => this.#probe(),
      stop: (request) => {
        this.#hooks.emit({
          event: 'stop-asked',
          by: 'heddle down',
          effect: this.#stopState.kind === 'unasked' ? 'stop' : 'none',
        });
        this.stop(request, lastWriteMs.request);
        return answered;
      },
    });
    return { server, instance: await claimInstance(this.#options.stateDirectory, server, this.stopping) };
  }

  /** Recreates the state directory if somebody deleted it, with heddle's own files. Never throws. */
  async keepStateDirectory(): Promise<void> {
    const holding = this.#holding;
    if (holding === undefined || holding.directory.isThere) return;
    const { emit } = this.#hooks;
    const what = `the state directory ${this.#options.stateDirectory} was deleted while heddle ran`;
    try {
      holding.directory.remake();
      if (!this.stopping.aborted) {
        // The name of the old socket is gone.
        holding.claim.server.close();
        this.#holding = { ...holding, claim: await this.#claim(holding.answered) };
      }
      if (this.#stage.kind === 'living') await this.#stage.life.writeState();
      const message = `${what}; heddle made it again, with its own files, but files of the recipe, such as keys, are gone`;
      emit({ event: 'warning', message });
    } catch (error) {
      // A socket that another daemon may have there by now stays.
      const instance = { release: () => Promise.resolve() };
      this.#holding = { ...holding, claim: { ...holding.claim, instance } };
      emit({ event: 'warning', message: `${what}, and cannot be made again: ${explainError(error)}` });
    }
  }

  /**
   * Asks the daemon to stop. The first request decides how, and the shortest `patienceMs` decides how long the store is waited for; see
   * {@link lastWriteMs}.
   */
  stop(request: StopRequest, patienceMs: number = lastWriteMs.signal): void {
    if (this.#stopState.kind === 'unasked') this.#stopState = { kind: 'asked', request, patienceMs };
    else this.#shortenTo(patienceMs);
    this.#stopping.abort();
  }

  #shortenTo(patienceMs: number): void {
    if (this.#stopState.kind === 'unasked' || patienceMs >= this.#stopState.patienceMs) return;
    this.#stopState = { ...this.#stopState, patienceMs };
    this.#shortening.abort();
  }

  /** Ends the commands that still run, when the operator does not want to wait longer. */
  hurry(): void {
    this.#shortenTo(lastWriteMs.signal);
    this.#hurrying.abort();
    if (this.#stage.kind === 'living') this.#stage.life.hurry();
  }

  status(): NodeStatus {
    if (this.#stage.kind === 'living') this.#stage.life.network?.lookAtDevices();
    return describeStatus({
      state: this.#standing.state,
      because: this.#standing.state === 'degraded' ? this.#standing.because : undefined,
      startedAt: this.#startedAt,
      options: this.#options,
      ...this.#known,
    });
  }

  /** The loops that must go on. */
  get vitals(): readonly Vital[] {
    return this.#stage.kind === 'living' ? (this.#stage.life.network?.vitals ?? []) : [];
  }

  /** The state of the node in one line, with its reason. */
  get headline(): string {
    const standing = this.#standing;
    switch (standing.state) {
      case 'degraded':
        return `degraded: ${standing.because}`;
      case 'running':
        return 'running';
      default: {
        const { waitingFor } = this.#known;
        return waitingFor === undefined ? standing.state : `${standing.state}: waits for ${waitingFor}`;
      }
    }
  }

  get readiness(): readonly CheckPart[] {
    const known = this.#known;
    const { running } = known;
    const outage = currentOutage(known);
    const isOver = running?.keeper.isOver === true;
    return judgeReadiness({
      headline: this.headline,
      isDegraded: this.#standing.state === 'degraded',
      partNames: networkParts.map(({ name }) => name),
      network: running && {
        isReady: running.isReady,
        leaseTrouble: isOver ? 'the lease of this node has expired' : undefined,
        parts: running.parts,
      },
      storeTrouble: outage && `away since ${new Date(outage.since).toISOString()}: ${outage.because}`,
    });
  }

  /** The facts of this stage, for status. */
  get #known(): StageFacets {
    const { longest } = this.waits;
    const nothing = {
      waitingFor: longest && describeWait(longest),
      startOutage: undefined,
      preparation: undefined,
      running: undefined,
    };
    const stage = this.#stage;
    switch (stage.kind) {
      case 'preparing':
        return { ...nothing, waitingFor: stage.wait.what, startOutage: stage.wait.outages.current };
      case 'living':
        return { ...nothing, preparation: stage.life.preparation, running: stage.life.network };
      case 'ended':
        return nothing;
    }
  }

  /** The status after a probe of every peer. Without a network, nothing is probed. Throws a Failure. */
  async #probe(): Promise<NodeStatus> {
    if (this.#stage.kind === 'living') await this.#stage.life.network?.probe.run();
    return this.status();
  }

  enter(to: NodeState, because?: string): void {
    const from = this.#standing.state;
    this.#standing = to === 'degraded' ? { state: to, because: because ?? '' } : { state: to };
    // The reason may change with every peer that fails, and each failed peer has its own event.
    if (to === from) return;
    this.#hooks.emit({ event: 'state', from, to, ...(because !== undefined && { because }) });
  }

  async #live(host: CheckedHost): Promise<TakeDownResult> {
    if (this.#stage.kind !== 'preparing') throw new Error('a node can run only once');
    const { emit } = this.#hooks;
    await endOrphans(this.#options.stateDirectory, emit);
    let preparation: Preparation;
    try {
      preparation = await this.#prepare(host, this.#stage.wait);
    } catch (error) {
      if (this.stopping.aborted) return this.#leaveEarly();
      throw error;
    }
    announceSetup(preparation, emit);
    // The shell of a life begins to make its pipes at once.
    const life = new NodeLife(this.#options, preparation, emit, this);
    this.#stage = { kind: 'living', life };
    try {
      await preparation.interfaces.remember(preparation.underlay);
      return await life.run();
    } finally {
      await life.close();
    }
  }

  async #prepare(host: CheckedHost, wait: StartWait): Promise<Preparation> {
    const prepared = await prepareNode(this.#options, host, wait, this.#limits);
    try {
      await requireNoRival(prepared, this.#options);
      return await publishNetwork(prepared, this.#options);
    } catch (error) {
      await prepared.store.close();
      throw error;
    }
  }

  /** Ends a node that was stopped while it waited for the store. An earlier daemon's network is taken down, unless it is to stay. */
  async #leaveEarly(): Promise<TakeDownResult> {
    this.enter('stopping');
    const { stateDirectory } = this.#options;
    const { onExit, releaseLease } = this.stopRequest;
    const { emit } = this.#hooks;
    const taken =
      onExit === 'shutdown' ? await takeDownStanding(stateDirectory, emit, this.#hurrying.signal) : undefined;
    const lease = releaseLease ? await releaseByItself(stateDirectory, this.#limits, emit) : undefined;
    return { ...(taken ?? emptyTakeDown), ...(lease && { lease }) };
  }

  get #limits(): StoreLimits {
    return {
      stopping: this.stopping,
      shortening: this.#shortening.signal,
      lastWriteMs: () => this.#patienceMs,
      onWait: (what, limitMs) => this.waits.begin(() => what, limitMs),
    };
  }

  get #patienceMs(): number {
    return this.#stopState.kind === 'asked' ? this.#stopState.patienceMs : lastWriteMs.signal;
  }

  /** Throws a Failure if something of the network is left. The answer to a request to stop names it as well. */
  #requireTakenDown(taken: TakeDownResult): void {
    const { stateDirectory, store } = this.#options;
    requireTakenDown(taken, { stateDirectory, store, reasons: 'the log says why' });
  }

  #end(): void {
    // A refused start reports its reason only.
    if (this.#stage.kind === 'living' || this.stopping.aborted) this.enter('stopped');
    this.#stage = { kind: 'ended' };
  }
}
