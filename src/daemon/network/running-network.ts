import { publishedMtu } from '../../contract/mtu.ts';
import type { NodeFacts } from '../../contract/environment.ts';
import { formatCount } from '../../diagnostic/words.ts';
import type { Counts } from '../../engine/overview.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import { explainError } from '../../host/system-error.ts';
import { describeSubnets } from '../../lease/roster.ts';
import { networksOf } from '../../network/configuration.ts';
import { mainPublicAddress } from '../../network/public-addresses.ts';
import type { LeaseRecord, LeaseStore } from '../../store/store.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import type { Vital } from '../health/vital.ts';
import type { LeaseHolder, LeaseKeeper } from '../lease/lease-keeper.ts';
import { LeaseNotes } from '../lease/lease-notes.ts';
import type { DriftReport } from '../peers/drift-report.ts';
import type { PeerFollower } from '../peers/peer-follower.ts';
import type { PeerLoop } from '../peers/peer-loop.ts';
import type { PeerProbe } from '../probe/peer-probe.ts';
import { raiseClockConcern } from '../watch/clock.ts';
import { raiseForwardingConcerns } from '../watch/forwarding.ts';
import { removeDeployment, writeDeployment } from './deployment-file.ts';
import { deploymentOf } from './deployment.ts';
import type { LeasedNetwork } from './leased-network.ts';
import { PartKeeper, type BrokenPart, type PartSight } from './part-keeper.ts';
import type { LiveNetwork, NetworkPart } from './parts/part.ts';
import { networkParts, rememberParts, removeParts } from './parts/parts.ts';
import { removePeers } from './parts/peers.ts';
import { noteSharedIdentity } from './shared-identity.ts';
import { takeDown, type TakeDownResult } from './take-down.ts';
import { tellOtherAddress } from './take-lease.ts';
import { assembleWorkers, type NetworkWorkers, type WorkersContext } from './workers.ts';

/** The owner of a {@link RunningNetwork}: receives what the network reports. */
export interface NetworkOwner {
  /** Called once, when the foundation parts of the network are up. */
  networkUp(network: RunningNetwork): void;
  /** Called once, when the network is ready. */
  networkReady(): void;
  /** Called whenever the health changes: the reason why the node is `degraded`, or undefined for `running`. */
  healthChanged(because: string | undefined): void;
  /** Called when the network follows an interface that has changed. */
  underlayChanged(underlay: ChosenInterface): void;
}

interface NetworkContext extends WorkersContext {
  readonly owner: NetworkOwner;
  /** The subnets of peers that are in place; undefined if only a check can tell. */
  readonly inPlace: ReadonlySet<string> | undefined;
}

/** The reason why a network stopped running. */
export type NetworkEnd =
  | { readonly kind: 'stopped' }
  /** Another recipe is about to run; see {@link RunningNetwork.interrupt}. */
  | { readonly kind: 'interrupted' }
  /** Another node holds this node's subnet. */
  | { readonly kind: 'lease-taken'; readonly because: string }
  /** A part that every node needs did not come up. */
  | { readonly kind: 'failed'; readonly error: Error }
  /** The network was told to stop before that part was up. */
  | { readonly kind: 'stopped-early' };

/**
 * The progress of a network.
 *
 *     rising ──the foundation is up──▶ filling ──every part is whole──▶ ready
 *        │                                │                               │
 *        └───────────────────── an end, see NetworkEnd ───────────────────┴──▶ ending
 */
type NetworkState =
  | { readonly kind: 'rising' }
  /** The node may serve pods, but a part is not whole yet. */
  | { readonly kind: 'filling' }
  | { readonly kind: 'ready' }
  /** No part is brought up or looked after any more. `isUp`: whether the foundation came up. */
  | { readonly kind: 'ending'; readonly end: NetworkEnd; readonly isUp: boolean };

/** A network with its lease. Its parts are brought up and kept in order while it runs. */
export class RunningNetwork implements LeaseHolder {
  readonly #context: NetworkContext;
  readonly #workers: NetworkWorkers;
  readonly #parts: PartKeeper;
  readonly #notes: LeaseNotes;
  readonly #live: LiveNetwork;
  /** The MTU in the deployment file, from before the device showed its own. */
  readonly #plannedMtu: number;
  /** Aborted when the network begins to end. */
  readonly #working = new AbortController();
  /** The functions that end the watches of the parts. */
  #partWatches: readonly (() => Promise<void>)[] = [];
  #state: NetworkState = { kind: 'rising' };
  #health: string | undefined;
  /** The run of the network, however it ends. */
  #running: Promise<unknown> = Promise.resolve();
  /** The following of the store. Rejects with an error that waiting does not cure. */
  #following: Promise<void> = Promise.resolve();

  constructor(context: NetworkContext) {
    this.#context = context;
    this.#plannedMtu = publishedMtu(context.leasedNetwork.commands.facts.mtus);
    const { options, preparation, leasedNetwork, journal, emit, inPlace } = context;
    const { commands, subnets } = leasedNetwork;
    this.#parts = new PartKeeper(networkParts, emit, () => this.#reportHealth());
    this.#workers = assembleWorkers(context, {
      holder: this,
      signal: this.#working.signal,
      reportHealth: () => this.#reportHealth(),
      deviceGone: () => this.#deviceGone(),
      look: (signal) => this.#look(signal),
    });
    const { loop, keeper, drift, concerns, underlay, devices } = this.#workers;
    this.#notes = new LeaseNotes({
      stateDirectory: options.stateDirectory,
      store: options.store,
      hardwareAddress: () => underlay.underlay.hardwareAddress,
      emit,
    });
    this.#live = {
      commands,
      loop,
      journal,
      own: subnets,
      emit,
      options,
      preparation,
      inPlace,
      stateDirectory: options.stateDirectory,
      keeper,
      isDeviceUp: leasedNetwork.isDeviceUp,
      drift,
      concerns,
      follow: () => this.#follow(),
      underlay,
      devices,
      settleUnderlay: (chosen) => this.#settleUnderlay(chosen),
    };
  }

  get counts(): Counts {
    return this.#workers.loop.engine.counts;
  }

  get leasedNetwork(): LeasedNetwork {
    return this.#context.leasedNetwork;
  }

  get keeper(): LeaseKeeper {
    return this.#workers.keeper;
  }

  get loop(): PeerLoop {
    return this.#workers.loop;
  }

  get drift(): DriftReport {
    return this.#workers.drift;
  }

  get follower(): PeerFollower {
    return this.#workers.follower;
  }

  get probe(): PeerProbe {
    return this.#workers.probe;
  }

  get concerns(): Concerns {
    return this.#workers.concerns;
  }

  /** Looks whether the devices exist, so that the status does not say `running` of a device that is gone. */
  lookAtDevices(): void {
    if (this.#state.kind === 'ready') this.#workers.devices.look();
  }

  /** Every part of the network with its state. */
  get parts(): readonly PartSight[] {
    return this.#parts.describe(this.#live);
  }

  /** Whether every part was whole at one time. */
  get isReady(): boolean {
    return this.#state.kind === 'ready';
  }

  /** The loops that must go on. A network that ends has none, because the end has its own time limits. */
  get vitals(): readonly Vital[] {
    if (this.#state.kind === 'ending') return [];
    return [this.#workers.loop, this.#workers.follower, this.#workers.keeper, this.#workers.watch];
  }

  get brokenParts(): readonly BrokenPart[] {
    return this.#parts.broken;
  }

  /**
   * Brings the parts up and follows the store until the signal is aborted or the lease is lost. Throws an error that waiting does not cure.
   */
  async run(signal: AbortSignal): Promise<NetworkEnd> {
    const stop = (): void => this.#beginEnd({ kind: 'stopped' });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const running = this.#run();
      this.#running = running.catch(() => undefined);
      return await running;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Ends {@link run}, so that the network can be changed. */
  interrupt(): void {
    this.#beginEnd({ kind: 'interrupted' });
  }

  storeAnswered(): void {
    this.#workers.follower.storeAnswered();
  }

  leaseTaken(because: string): void {
    this.#beginEnd({ kind: 'lease-taken', because });
  }

  /** The present lease, for a network with other commands on the same device. */
  leasedWith(commands: CommandRunner): LeasedNetwork {
    const { record } = this.#workers.keeper;
    return {
      ...this.#context.leasedNetwork,
      commands,
      record,
      isCreated: false,
      hadEnded: false,
      isDeviceUp: true,
    };
  }

  /** Removes every peer and stops working. The rest of the network stays. After `leaving`, no further peer is removed. */
  async removePeers(leaving: AbortSignal): Promise<void> {
    await this.#stopWork();
    await this.#removeUntil(leaving, () => removePeers(this.#workers.loop));
  }

  /** Takes the network down on this node. Its lease stays. */
  async takeDown(): Promise<TakeDownResult> {
    await this.#stopWork();
    return takeDown(this.#live, rememberParts(this.#context.options));
  }

  /** Undoes a start that failed. If one step fails, the others are still undone. A lease that this start created is released as well. */
  async undo(): Promise<void> {
    await this.#stopWork();
    const { preparation, leasedNetwork, options, emit } = this.#context;
    try {
      if (leasedNetwork.isCreated) await preparation.store.remove(this.#workers.keeper.record);
    } catch (error) {
      const remains = `the lease ${this.#workers.keeper.record.key} may still be in the store`;
      emit({ event: 'warning', message: `not everything was undone: ${remains}: ${explainError(error)}` });
    }
    await removeParts(this.#live, rememberParts(options));
    await removeDeployment(options.stateDirectory);
  }

  /**
   * Takes the network down before another recipe runs, because that recipe does not handle entries that are left. After `leaving`, no
   * further peer and no further part is removed, and the journal keeps what is left.
   */
  async giveUp(leaving: AbortSignal): Promise<void> {
    await this.#stopWork();
    const { journal, emit, options } = this.#context;
    const memories = rememberParts(options);
    const { failed } = await this.#removeUntil(leaving, () => takeDown(this.#live, memories, leaving));
    if (leaving.aborted) return;
    await journal.strikeOut();
    if (failed.length === 0) return;
    const message = `kernel entries of the old recipe for ${failed.join(', ')} may be left: its remove failed`;
    emit({ event: 'warning', message });
  }

  /** Removes peers, and begins no further remove after the signal. */
  async #removeUntil<T>(leaving: AbortSignal, remove: () => Promise<T>): Promise<T> {
    const stop = (): void => void this.#workers.loop.stop();
    leaving.addEventListener('abort', stop, { once: true });
    try {
      return await remove();
    } finally {
      leaving.removeEventListener('abort', stop);
    }
  }

  /** Stops working and leaves everything as it is, for the next daemon to take over. */
  async leave(): Promise<void> {
    await this.#stopWork();
    await this.#workers.loop.stop();
  }

  /** Releases this node's lease in the store. Throws a StoreError. */
  async releaseLease(store: LeaseStore): Promise<void> {
    await this.#workers.keeper.stop();
    const outcome = await store.remove(this.#workers.keeper.record);
    const subnet = describeSubnets(this.#context.leasedNetwork.subnets);
    if (outcome === 'removed') this.#context.emit({ event: 'lease-released', subnet });
  }

  /** Ends all work except the loop's. After this, no part is brought up or looked after any more. */
  async #stopWork(): Promise<void> {
    if (this.#state.kind !== 'ending') this.#beginEnd({ kind: 'stopped' });
    this.#workers.probe.stop();
    this.#workers.storeWatch.stop();
    const watches = [this.#workers.watch.stop(), this.#workers.addresses.stop(), this.#workers.keeper.stop()];
    await Promise.all([...watches, this.#running]);
    await Promise.all(this.#partWatches.map((stop) => stop()));
  }

  async #run(): Promise<NetworkEnd> {
    const { signal } = this.#working;
    const outcome = await this.#parts.up(this.#live, (part) => this.#partUp(part), signal);
    if (outcome.kind === 'failed' && !signal.aborted) return { kind: 'failed', error: outcome.error };
    if (!this.#isUp) return { kind: 'stopped-early' };
    await this.#lookAtForwarding(signal);
    if (!signal.aborted) {
      this.#becomeReady();
      this.#startWatches();
    }
    await this.#following;
    return this.#state.kind === 'ending' ? this.#state.end : { kind: 'stopped' };
  }

  /** Whether the foundation came up. */
  get #isUp(): boolean {
    switch (this.#state.kind) {
      case 'rising':
        return false;
      case 'filling':
      case 'ready':
        return true;
      case 'ending':
        return this.#state.isUp;
    }
  }

  #startWatches(): void {
    this.#workers.watch.start(this.#parts.retryInMs);
    this.#workers.addresses.start(this.#workers.underlay.underlay.name);
    this.#partWatches = networkParts.flatMap((part) => {
      return part.watch?.(this.#live, () => this.#workers.watch.request()) ?? [];
    });
    this.#workers.probe.start();
    raiseClockConcern(this.#context.preparation.store, this.#workers.concerns);
    this.#workers.storeWatch.start();
  }

  #lookAtForwarding(signal: AbortSignal): Promise<void> {
    const { interfaces, network } = this.#context.preparation;
    const families = networksOf(network.configuration).map(({ family }) => family);
    return raiseForwardingConcerns(interfaces, families, this.#workers.concerns, signal);
  }

  /** Its entries went with a device. The loop pauses until the device is built again, or that has failed. */
  #deviceGone(): void {
    if (this.#state.kind === 'ending') return;
    void this.#workers.loop.pause();
    this.#workers.drift.judged(this.#workers.loop.checked(new Set(), this.#workers.loop.engine.checkpoint));
    this.#reportHealth();
    this.#workers.watch.request();
  }

  /** Begins the end. A later reason replaces an earlier one, so that a stop of the daemon is not taken for a change. */
  #beginEnd(end: NetworkEnd): void {
    this.#state = { kind: 'ending', end, isUp: this.#isUp };
    this.#working.abort();
  }

  async #partUp(part: NetworkPart): Promise<void> {
    if (!part.isFoundation) return;
    const { preparation, options, leasedNetwork, owner } = this.#context;
    const { facts } = leasedNetwork.commands;
    if (publishedMtu(facts.mtus) !== this.#plannedMtu) {
      const deployment = deploymentOf(preparation, options, facts, leasedNetwork.record.key);
      await writeDeployment(options.stateDirectory, deployment);
    }
    this.#state = this.#state.kind === 'ending' ? { ...this.#state, isUp: true } : { kind: 'filling' };
    owner.networkUp(this);
  }

  async #settleUnderlay(underlay: ChosenInterface): Promise<void> {
    const { leasedNetwork, emit, owner } = this.#context;
    const { facts } = leasedNetwork.commands;
    const before = this.#workers.underlay.underlay;
    await this.#workers.underlay.settle(underlay);
    tellOtherAddress(before, underlay, leasedNetwork.subnets, emit);
    if (before.name !== underlay.name && this.#state.kind !== 'ending')
      this.#workers.addresses.start(underlay.name);
    owner.underlayChanged(underlay);
    await this.#writeDeployment(facts);
    // The lease was written before the interface was settled.
    await this.leaseWritten(this.#workers.keeper.record);
    this.#workers.watch.renewMonitor();
  }

  async #writeDeployment(facts: NodeFacts): Promise<void> {
    const { preparation, options } = this.#context;
    const deployment = deploymentOf(preparation, options, facts, this.#workers.keeper.record.key);
    await writeDeployment(options.stateDirectory, deployment);
    // The addresses of this node decide whose lease an entry is.
    this.#workers.follower.relist();
  }

  leaseWriting(write: Pick<LeaseRecord, 'key' | 'value'>): Promise<void> {
    return this.#notes.writing(write);
  }

  leaseWritten(record: LeaseRecord): Promise<void> {
    return this.#notes.written(record);
  }

  /** Writes the files of this network into a recreated state directory. Throws a Failure. */
  async writeState(): Promise<void> {
    await this.#writeDeployment(this.#context.leasedNetwork.commands.facts);
    await this.leaseWritten(this.#workers.keeper.record);
  }

  /** Begins to follow the store. Resolves with the first snapshot, or when the network ends. */
  #follow(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        if (this.#state.kind !== 'ending') this.#beginEnd({ kind: 'stopped' });
        resolve();
      };
      this.#following = this.#workers.follower.follow(this.#working.signal, resolve).finally(end);
      // The run waits for it, but may do something else first.
      this.#following.catch(() => undefined);
    });
  }

  async #look(signal: AbortSignal): Promise<number | undefined> {
    await this.#workers.underlay.look(signal);
    await this.#lookAtForwarding(signal);
    await this.#workers.follower.lookAtLinks(signal);
    while (await this.#parts.ensure(this.#live, signal));
    this.#becomeReady();
    return this.#parts.retryInMs;
  }

  /** Makes the network ready, once every part was whole at one time. */
  #becomeReady(): void {
    if (this.#state.kind !== 'filling') return;
    const { owner } = this.#context;
    if (!this.#parts.isWhole) {
      owner.healthChanged(this.#health);
      return;
    }
    this.#state = { kind: 'ready' };
    const { options, leasedNetwork, emit } = this.#context;
    const { facts } = leasedNetwork.commands;
    const subnet = describeSubnets(leasedNetwork.subnets);
    emit({
      event: 'ready',
      subnet,
      publicIp: mainPublicAddress(facts),
      mtu: publishedMtu(facts.mtus),
      peers: this.counts.inPlace,
      subnetFile: options.subnetFile,
    });
    owner.networkReady();
    owner.healthChanged(this.#health);
  }

  #reportHealth(): void {
    this.#noteSharedIdentity();
    const { failing } = this.#workers.loop.engine;
    const reasons = failing === 0 ? [] : [`${formatCount(failing, 'peer')} failing`];
    const { trouble } = this.#workers.devices;
    if (trouble !== undefined) reasons.push(`device: ${trouble}`);
    const broken = this.#parts.broken.filter(({ part, because }) => part !== 'device' || because !== trouble);
    for (const { part, because } of broken) reasons.push(`${part}: ${because}`);
    for (const { because } of this.#workers.concerns.all) reasons.push(because);
    const health = reasons.length === 0 ? undefined : reasons.join('; ');
    if (health === this.#health) return;
    this.#health = health;
    // The removal of peers during a stop does not change the health.
    if (this.#state.kind === 'ready') this.#context.owner.healthChanged(health);
  }

  /** Lets the next start make another MAC address or key, if another node has this one's. */
  #noteSharedIdentity(): void {
    const { options, emit } = this.#context;
    if (!this.#workers.concerns.all.some(({ kind }) => kind === 'own-identity')) return;
    try {
      noteSharedIdentity(options.stateDirectory);
    } catch (error) {
      const message =
        `cannot note in ${options.stateDirectory} that another node has this node's MAC address or key: ${explainError(error)}; ` +
        'a restart of heddle may not make another one';
      emit({ event: 'warning', message });
    }
  }
}
