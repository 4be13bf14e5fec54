import { join } from 'node:path';
import type { EmitEvent, NodeState } from '../event/event.ts';
import { claimInstance } from '../host/state/instance.ts';
import { openJournal } from '../host/state/journal-file.ts';
import { notifyServiceManager } from '../host/service-manager.ts';
import { describeSubnets } from '../lease/roster.ts';
import type { Shell } from '../shell/shell.ts';
import { KeptListing } from '../store/kept-listing.ts';
import { LeaseStopped, takeLease } from './network/take-lease.ts';
import type { LeasedNetwork, NetworkStart } from './network/leased-network.ts';
import { createControlServer } from './report/control.ts';
import type { StopRequest } from './report/control.ts';
import { readDeployment } from './network/deployment-file.ts';
import { factsOfPreparation } from './setup/node-facts.ts';
import { findFirstStart } from './takeover/first-start.ts';
import { watchLiveRecipe } from './live/live-recipe.ts';
import { describeStatus } from './report/status.ts';
import type { NodeStatus } from './report/status.ts';
import type { UpOptions } from './setup/options.ts';
import { PeerJournal } from './peers/peer-journal.ts';
import { RecipeChanges } from './live/recipe-changes.ts';
import type { Preparation } from './setup/prepare.ts';
import { withdrawNetwork } from './setup/publish-network.ts';
import { RunningNetwork } from './network/running-network.ts';
import { takeDownDeployment } from './takeover/take-down-deployment.ts';
import { requireTakenDown } from './network/take-down.ts';
import type { TakenDown } from './network/take-down.ts';

/** Whoever is still connected to the control socket this long after the end does not keep the daemon from ending. */
const longestAnswerMs = 1000;

/**
 * One node's daemon, from before its first command to after its last.
 *
 *     starting → pre-startup → leasing → post-startup → running ⇄ degraded → stopping → stopped
 *                     ▲                                     │
 *                     └──── another node has our subnet ────┘
 */
export class HeddleNode {
  readonly #options: UpOptions;
  readonly #changes: RecipeChanges;
  readonly #emit: EmitEvent;
  readonly #stopping = new AbortController();
  readonly #kept = new KeptListing();
  #stopRequest: StopRequest | undefined;
  #takenDown: TakenDown = { removed: 0, failed: [], shutdown: 'done' };
  #ended: Promise<void> = Promise.resolve();
  readonly #startedAt = new Date();
  #state: NodeState = 'starting';
  #because: string | undefined;
  #network: RunningNetwork | undefined;

  constructor(options: UpOptions, preparation: Preparation, emit: EmitEvent) {
    this.#options = options;
    this.#emit = emit;
    this.#changes = new RecipeChanges(options, preparation, emit);
  }

  /** Runs until told to stop. Throws a Failure if it cannot come up, or could not be taken down whole. */
  async run(): Promise<void> {
    const server = createControlServer({
      status: () => this.status(),
      stop: async (request) => {
        this.stop(request);
        await this.#ended;
        return this.#takenDown;
      },
    });
    const claim = await claimInstance(this.#options.stateDirectory, server).catch(async (error: unknown) => {
      await this.#withdraw();
      await this.#letGo();
      throw error;
    });
    const life = this.#live().finally(() => this.#close());
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

  get #preparation(): Preparation {
    return this.#changes.preparation;
  }

  get #shell(): Shell {
    return this.#changes.shell;
  }

  async #close(): Promise<void> {
    await this.#withdraw();
    this.#enter('stopped');
    await this.#letGo();
  }

  async #withdraw(): Promise<void> {
    if (this.#network === undefined) await withdrawNetwork(this.#preparation, this.#emit);
  }

  async #letGo(): Promise<void> {
    await this.#shell.close();
    await this.#preparation.store.close();
  }

  /** Asks the daemon to stop; the first request decides how. */
  stop(request: StopRequest): void {
    this.#stopRequest ??= request;
    this.#stopping.abort();
  }

  /** Ends the commands that still run, for whoever has waited long enough for the daemon to stop. */
  hurry(): void {
    void this.#shell.close();
  }

  status(): NodeStatus {
    return describeStatus(
      {
        state: this.#state,
        because: this.#because,
        startedAt: this.#startedAt,
        options: this.#options,
        preparation: this.#preparation,
      },
      this.#network,
    );
  }

  async #live(): Promise<void> {
    const file = await openJournal(join(this.#options.stateDirectory, 'journal'));
    const watch = this.#options.watch ? await this.#watchRecipe() : undefined;
    try {
      await this.#liveWith(await PeerJournal.open(file));
    } finally {
      this.#changes.end();
      await watch?.close();
      await file.close();
    }
  }

  #watchRecipe(): Promise<{ close: () => Promise<void> }> {
    return watchLiveRecipe({
      options: this.#options,
      current: () => this.#preparation,
      change: (change) => this.#changes.request(change, this.#network),
      emit: this.#emit,
    });
  }

  async #liveWith(journal: PeerJournal): Promise<void> {
    let start = await findFirstStart({
      ...{ options: this.#options, preparation: this.#preparation, shell: this.#shell },
      ...{ journal, kept: this.#kept, emit: this.#emit, signal: this.#stopping.signal },
    });
    if (start === undefined) return this.#finishEarly(journal);
    for (;;) {
      const next = await this.#liveOnce(journal, start);
      if (next === undefined) return;
      start = next;
    }
  }

  /** The life of one network of this node. Returns what the next one begins with; undefined if there is none. */
  async #liveOnce(journal: PeerJournal, start: NetworkStart): Promise<NetworkStart | undefined> {
    const leased = start.leased ?? (await this.#takeLease(start));
    if (leased === 'went-back') return { hint: start.hint };
    if (leased === 'stopped') {
      await this.#finishEarly(journal);
      return undefined;
    }
    const network = this.#createNetwork(journal, leased, start.inPlace);
    const end = await network.run(this.#stopping.signal).catch(async (error: unknown) => {
      await network.leave();
      throw error;
    });
    switch (end.kind) {
      case 'stopped':
        await this.#finish(network);
        return undefined;
      case 'interrupted':
        return this.#changes.make(network);
      case 'lease-taken':
        await this.#leaveSubnet(network, end.because);
        return {};
      case 'stopped-early':
        await this.#standDown(network, start);
        await this.#finishEarly(journal);
        return undefined;
      case 'failed':
        await this.#standDown(network, start);
        if (await this.#changes.goBack(end.error)) return { hint: start.hint };
        throw end.error;
    }
  }

  /** After a start of which nothing came: what an earlier daemon left up stays up. */
  async #standDown(network: RunningNetwork, { isTakeover = false }: NetworkStart): Promise<void> {
    if (isTakeover) await network.leave();
    else await network.undo();
  }

  async #leaveSubnet(network: RunningNetwork, because: string): Promise<void> {
    this.#emit({ event: 'lease-lost', subnet: describeSubnets(network.leased.subnets), because });
    await network.takeDown();
  }

  #createNetwork(
    journal: PeerJournal,
    leased: LeasedNetwork,
    inPlace: ReadonlySet<string> | undefined,
  ): RunningNetwork {
    const network: RunningNetwork = new RunningNetwork({
      options: this.#options,
      preparation: this.#preparation,
      leased,
      journal,
      inPlace,
      kept: this.#kept,
      emit: this.#emit,
      onUp: () => {
        this.#network = network;
        this.#changes.started(network);
      },
      onHealth: (because) => this.#enter(because === undefined ? 'running' : 'degraded', because),
      onReady: () => this.#changes.announce(),
    });
    if (!leased.isDeviceUp) this.#enter('post-startup');
    return network;
  }

  async #takeLease({ hint, isTakeover }: NetworkStart): Promise<LeasedNetwork | 'went-back' | 'stopped'> {
    try {
      return await takeLease({
        preparation: this.#preparation,
        options: this.#options,
        commands: await this.#changes.createRunner(factsOfPreparation(this.#preparation, this.#options)),
        hint,
        isTakeover: isTakeover ?? false,
        isFirst: this.#network === undefined,
        kept: this.#kept,
        enter: (state) => this.#enter(state),
        emit: this.#emit,
        signal: this.#stopping.signal,
      });
    } catch (error) {
      if (error instanceof LeaseStopped) return 'stopped';
      if (await this.#changes.goBack(error)) return 'went-back';
      throw error;
    }
  }

  async #finish(network: RunningNetwork): Promise<void> {
    const { onExit, releaseLease } = this.#stopRequest ?? this.#options;
    this.#enter('stopping');
    await notifyServiceManager({ state: 'stopping' });
    if (onExit === 'leave') await network.leave();
    else this.#takenDown = await network.takeDown();
    if (releaseLease) await network.releaseLease(this.#preparation.store);
    requireTakenDown(this.#takenDown, `then run: heddle down --state-dir ${this.#options.stateDirectory}`);
  }

  /** For a stop before the network was up: what an earlier daemon left, and this one did not get to take over, may stand. */
  async #finishEarly(journal: PeerJournal): Promise<void> {
    const { onExit } = this.#stopRequest ?? this.#options;
    this.#enter('stopping');
    const { stateDirectory } = this.#options;
    const standing = await readDeployment(stateDirectory);
    if (standing === undefined || onExit === 'leave') return;
    this.#takenDown = await takeDownDeployment(standing, journal, stateDirectory, this.#shell, this.#emit);
    requireTakenDown(this.#takenDown, `then run: heddle down --state-dir ${this.#options.stateDirectory}`);
  }

  #enter(to: NodeState, because?: string): void {
    this.#because = because;
    // A reason may change with every peer that fails, each of which is told by itself.
    if (to === this.#state) return;
    this.#emit({ event: 'state', from: this.#state, to, ...(because !== undefined && { because }) });
    this.#state = to;
  }
}
