import { join } from 'node:path';
import type { EmitEvent, NodeState } from '../event/event.ts';
import type { ChosenInterface } from '../host/interface/choose-interface.ts';
import { openJournal } from '../host/state/journal-file.ts';
import { describeSubnets } from '../lease/roster.ts';
import type { LeaseRecord } from '../store/store.ts';
import { readHeldLease, releaseHeldLease } from './lease/held-lease.ts';
import { ContentSlot } from '../store/content-slot.ts';
import { watchLiveRecipe, type RecipeOwner, type SavedChange } from './live/live-recipe.ts';
import type { Waits } from './commands/waits.ts';
import { RecipeChanges } from './live/recipe-changes.ts';
import { readDeployment } from './network/deployment-file.ts';
import type { LeasedNetwork, NetworkStart } from './network/leased-network.ts';
import { RunningNetwork, type NetworkOwner } from './network/running-network.ts';
import { emptyTakeDown, type TakeDownResult } from './network/take-down.ts';
import { NoLeaseError, takeLease } from './network/take-lease.ts';
import { PeerJournal } from './peers/peer-journal.ts';
import type { StopRequest } from './report/control.ts';
import { factsOfPreparation } from './setup/node-facts.ts';
import type { UpOptions } from './setup/options.ts';
import type { Preparation } from './setup/prepare.ts';
import { withdrawNetwork } from './setup/publish-network.ts';
import { reportReady } from './lease/report-ready.ts';
import { findFirstStart } from './takeover/first-start.ts';
import { takeDownDeployment } from './takeover/take-down-deployment.ts';

/** The owner of a {@link NodeLife}: decides when and how it ends, and receives its states. */
export interface LifeOwner {
  /** Aborted when the node is told to stop. */
  readonly stopping: AbortSignal;
  /** The options of the stop. */
  readonly stopRequest: StopRequest;
  /** The waits of the daemon. */
  readonly waits: Waits;
  /** Recreates the state directory if somebody deleted it; see {@link NodeLife.writeState}. */
  keepStateDirectory(): Promise<void>;
  enter(state: NodeState, because?: string): void;
}

/**
 * The life of a node with a known configuration: one network after another, until it is told to stop. Another network begins when a recipe
 * was saved, or when the node's subnet went to another node.
 */
export class NodeLife implements NetworkOwner, RecipeOwner {
  readonly #options: UpOptions;
  readonly #emit: EmitEvent;
  readonly #owner: LifeOwner;
  readonly #changes: RecipeChanges;
  readonly #contentSlot = new ContentSlot();
  #journal: PeerJournal | undefined;
  /** The last network whose device came up. */
  #network: RunningNetwork | undefined;
  /** Aborted when the node is told to stop and to leave its network up. */
  readonly #leaving = new AbortController();

  constructor(options: UpOptions, preparation: Preparation, emit: EmitEvent, owner: LifeOwner) {
    this.#options = options;
    this.#emit = emit;
    this.#owner = owner;
    this.#changes = new RecipeChanges(options, preparation, owner.waits, emit);
    const leave = (): void => {
      if (owner.stopRequest.onExit === 'leave') this.#leaving.abort();
    };
    owner.stopping.addEventListener('abort', leave, { once: true });
    if (owner.stopping.aborted) leave();
  }

  /** The running network; undefined until one is up. */
  get network(): RunningNetwork | undefined {
    return this.#network;
  }

  get preparation(): Preparation {
    return this.#changes.preparation;
  }

  /** Runs until the owner's signal. Returns the result of taking the network down. Throws a Failure if no network can come up. */
  async run(): Promise<TakeDownResult> {
    const file = await openJournal(join(this.#options.stateDirectory, 'journal'));
    const watch = this.#options.watch ? await this.#watchRecipe() : undefined;
    try {
      this.#journal = await PeerJournal.open(file);
      return await this.#liveWith(this.#journal);
    } finally {
      this.#changes.end();
      await watch?.close();
      await file.close();
    }
  }

  /** Writes the files that a later takeover or take-down needs into a recreated state directory. Throws a Failure. */
  async writeState(): Promise<void> {
    await this.#journal?.rewrite();
    await this.#network?.writeState();
  }

  /** Ends the commands that still run, when the operator does not want to wait longer. */
  hurry(): void {
    void this.#changes.shell.close();
  }

  /** Closes the store and the shell, and withdraws a network document of a start that failed. */
  async close(): Promise<void> {
    if (this.#network === undefined) await withdrawNetwork(this.preparation, this.#emit);
    await this.#changes.shell.close();
    await this.preparation.store.close();
  }

  #watchRecipe(): Promise<{ close: () => Promise<void> }> {
    return watchLiveRecipe({ owner: this, options: this.#options, emit: this.#emit });
  }

  change(change: SavedChange): Promise<void> {
    return this.#changes.request(change, this.#network);
  }

  async #liveWith(journal: PeerJournal): Promise<TakeDownResult> {
    let start = await findFirstStart({
      options: this.#options,
      preparation: this.preparation,
      shell: this.#changes.shell,
      journal,
      contentSlot: this.#contentSlot,
      emit: this.#emit,
      signal: this.#owner.stopping,
    });
    if (start === undefined) return this.#finishEarly(journal);
    for (;;) {
      const next = await this.#liveOnce(journal, start);
      if ('removed' in next) return next;
      start = next;
    }
  }

  /** Runs one network of this node. Returns the start values of the next one, or the result of taking the last one down. */
  async #liveOnce(journal: PeerJournal, start: NetworkStart): Promise<NetworkStart | TakeDownResult> {
    const leasedNetwork = start.leasedNetwork ?? (await this.#takeLease(start));
    if (leasedNetwork === 'went-back') return { hint: start.hint };
    if (leasedNetwork === 'stopped') return this.#finishEarly(journal);
    const network = this.#createNetwork(journal, leasedNetwork, start.inPlace);
    const end = await network.run(this.#owner.stopping).catch(async (error: unknown) => {
      await network.leave();
      throw error;
    });
    switch (end.kind) {
      case 'stopped':
        return this.#finish(network);
      case 'interrupted':
        return this.#change(network);
      case 'lease-taken':
        await this.#leaveSubnet(network, end.because);
        return {};
      case 'stopped-early':
        await this.#standDown(network, start);
        return this.#finishEarly(journal);
      case 'failed':
        await this.#standDown(network, start);
        if (await this.#changes.goBack(end.error)) return { hint: start.hint };
        throw end.error;
    }
  }

  async #change(network: RunningNetwork): Promise<NetworkStart | TakeDownResult> {
    const next = await this.#changes.make(network, this.#leaving.signal);
    return next === 'left' ? this.#finish(network) : next;
  }

  /** Ends a start that failed. The network of an earlier daemon stays up. */
  async #standDown(network: RunningNetwork, start: NetworkStart): Promise<void> {
    if (this.#mayUndo(start)) await network.undo();
    else await network.leave();
  }

  /**
   * Whether a start that ends early is undone. The network of an earlier daemon stays up. So does a network that replaces one of this
   * daemon, if the node is told to stop and to leave its network up.
   */
  #mayUndo({ isTakeover = false }: NetworkStart): boolean {
    const isReplacement = this.#network !== undefined;
    return !isTakeover && !(isReplacement && this.#leaving.signal.aborted);
  }

  async #leaveSubnet(network: RunningNetwork, because: string): Promise<void> {
    this.#emit({ event: 'lease-lost', subnet: describeSubnets(network.leasedNetwork.subnets), because });
    await network.takeDown();
  }

  #createNetwork(
    journal: PeerJournal,
    leasedNetwork: LeasedNetwork,
    inPlace: ReadonlySet<string> | undefined,
  ): RunningNetwork {
    const network = new RunningNetwork({
      owner: this,
      options: this.#options,
      preparation: this.preparation,
      leasedNetwork,
      journal,
      inPlace,
      emit: this.#emit,
    });
    if (!leasedNetwork.isDeviceUp) this.#owner.enter('post-startup');
    return network;
  }

  networkUp(network: RunningNetwork): void {
    this.#network = network;
    this.#changes.started(network);
  }

  networkReady(): void {
    this.#changes.announce();
    const { node } = this.preparation.store;
    if (node !== undefined) void reportReady(node, this.#emit, this.#owner.stopping);
  }

  healthChanged(because: string | undefined): void {
    this.#owner.enter(because === undefined ? 'running' : 'degraded', because);
  }

  underlayChanged(underlay: ChosenInterface): void {
    this.#changes.moveTo(underlay);
  }

  async #takeLease(start: NetworkStart): Promise<LeasedNetwork | 'went-back' | 'stopped'> {
    const { hint, earlier, isTakeover } = start;
    try {
      return await takeLease({
        preparation: this.preparation,
        options: this.#options,
        commands: this.#changes.createRunner(factsOfPreparation(this.preparation, this.#options)),
        hint,
        earlier,
        isTakeover: isTakeover ?? false,
        mayUndo: () => this.#mayUndo(start),
        isFirst: this.#network === undefined,
        contentSlot: this.#contentSlot,
        enter: (state) => this.#owner.enter(state),
        emit: this.#emit,
        signal: this.#owner.stopping,
      });
    } catch (error) {
      if (error instanceof NoLeaseError) return 'stopped';
      if (await this.#changes.goBack(error)) return 'went-back';
      throw error;
    }
  }

  async #finish(network: RunningNetwork): Promise<TakeDownResult> {
    const { onExit } = this.#owner.stopRequest;
    this.#owner.enter('stopping');
    await this.#owner.keepStateDirectory();
    let taken = emptyTakeDown;
    if (onExit === 'leave') await network.leave();
    else taken = await network.takeDown();
    return this.#releaseLease(taken, network.keeper.record);
  }

  /** Releases the lease last, because its network may be up until then. */
  async #releaseLease(taken: TakeDownResult, current?: LeaseRecord): Promise<TakeDownResult> {
    if (!this.#owner.stopRequest.releaseLease) return taken;
    const { stateDirectory } = this.#options;
    const held = await readHeldLease(stateDirectory);
    if (held === undefined) return taken;
    const { store } = this.preparation;
    return { ...taken, lease: await releaseHeldLease(stateDirectory, store, held, this.#emit, current) };
  }

  /** Ends a node that was stopped before its network was up. An earlier daemon's network that was not taken over may stay. */
  async #finishEarly(journal: PeerJournal): Promise<TakeDownResult> {
    const { onExit } = this.#owner.stopRequest;
    this.#owner.enter('stopping');
    const { stateDirectory } = this.#options;
    const standing = await readDeployment(stateDirectory);
    if (standing === undefined || onExit === 'leave') return this.#releaseLease(emptyTakeDown);
    return this.#releaseLease(
      await takeDownDeployment(standing, journal, stateDirectory, this.#changes.shell, this.#emit),
    );
  }
}
