import type { Counts } from '../../engine/overview.ts';
import { Engine } from '../../engine/engine.ts';
import type { EmitEvent } from '../../event/event.ts';
import { count } from '../../event/words.ts';
import { notifyServiceManager } from '../../host/service-manager.ts';
import { describeSubnets } from '../../lease/roster.ts';
import type { KeptListing } from '../../store/kept-listing.ts';
import type { LeaseStore } from '../../store/store.ts';
import type { LeasedNetwork } from './leased-network.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import { DriftWatch } from '../peers/drift-watch.ts';
import { LeaseKeeper } from '../lease/lease-keeper.ts';
import type { UpOptions } from '../setup/options.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';
import { abilitiesOf, peerCommands } from '../commands/peer-commands.ts';
import { PeerLoop } from '../peers/peer-loop.ts';
import { PeerFollower } from '../peers/peer-follower.ts';
import type { Preparation } from '../setup/prepare.ts';
import { publishSubnets } from './publish-subnets.ts';
import { rebuildNetwork } from './rebuild.ts';
import { restorePeers } from '../peers/restore-peers.ts';
import { removePeers, takeDown } from './take-down.ts';
import type { TakenDown } from './take-down.ts';

export interface RunningNetworkOptions {
  readonly options: UpOptions;
  readonly preparation: Preparation;
  readonly leased: LeasedNetwork;
  readonly journal: PeerJournal;
  /** What the store held when the lease was taken. */
  readonly kept: KeptListing;
  readonly emit: EmitEvent;
  /** The node is `running`, or `degraded` because of something; called whenever that changes. */
  readonly onHealth: (because: string | undefined) => void;
  /** Called once, when the network is ready. */
  readonly onReady: () => void;
  /** The subnets of peers that are known to be in place, where that needs no check. */
  readonly inPlace: ReadonlySet<string> | undefined;
}

/** Why a network stopped running. */
export type NetworkEnd =
  | { readonly kind: 'stopped' }
  /** Another recipe is to run: see {@link RunningNetwork.interrupt}. */
  | { readonly kind: 'interrupted' }
  /** Another node holds this node's subnet. */
  | { readonly kind: 'lease-taken'; readonly because: string };

/** A network with its lease, whose peers are kept as the store says for as long as it runs. */
export class RunningNetwork {
  readonly #given: RunningNetworkOptions;
  readonly #loop: PeerLoop;
  readonly #follower: PeerFollower;
  readonly #keeper: LeaseKeeper;
  readonly #drift: DriftWatch;
  readonly #following = new AbortController();
  #end: NetworkEnd = { kind: 'stopped' };
  #isReady = false;
  /** The writing of the subnet file, once it began. */
  #publishing: Promise<void> = Promise.resolve();
  #health: string | undefined;
  #broken: string | undefined;

  constructor(given: RunningNetworkOptions) {
    this.#given = given;
    const { options, preparation, leased, journal, emit } = given;
    const { commands, subnets, record } = leased;
    this.#loop = new PeerLoop({
      engine: new Engine(abilitiesOf(commands)),
      journal,
      commands: peerCommands(commands, subnets),
      concurrency: preparation.loaded.recipe.concurrency,
      emit,
      onProgress: () => this.#reportHealth(),
    });
    this.#keeper = new LeaseKeeper({
      store: preparation.store,
      record,
      ttlSeconds: options.leaseTtlSeconds,
      marginSeconds: options.renewMarginSeconds,
      subnet: describeSubnets(subnets),
      emit,
      onTaken: (because) => this.#stopFollowing({ kind: 'lease-taken', because }),
    });
    this.#follower = new PeerFollower({
      store: preparation.store,
      rules: {
        network: preparation.network.configuration,
        backendType: preparation.loaded.recipe.backendType,
        backendData: preparation.loaded.recipe.backendData,
        ownAddresses: ownAddresses(leased),
      },
      own: { key: record.key, subnets },
      earlier: journal.peers,
      mayBeLate: leased.hadEnded || preparation.outages.longestMs >= this.#keeper.marginMs,
      kept: given.kept,
      loop: this.#loop,
      emit,
      onOwnLeaseTouched: () => void this.#keeper.reclaim(),
      ownValue: () => this.#keeper.value,
      isOwnLeaseLost: () => this.#keeper.isOver,
      renewMarginMs: this.#keeper.marginMs,
      onSnapshot: () => void this.#becomeReady(),
    });
    this.#drift = new DriftWatch({
      commands,
      own: subnets,
      loop: this.#loop,
      intervalMs: options.checkIntervalSeconds * 1000,
      emit,
      rebuild: (signal) =>
        rebuildNetwork({ preparation, leased, keeper: this.#keeper, loop: this.#loop }, signal),
      onBroken: (because) => {
        this.#broken = because;
        this.#reportHealth();
      },
    });
  }

  #isEnding(): boolean {
    return this.#following.signal.aborted;
  }

  get counts(): Counts {
    return this.#loop.engine.counts;
  }

  get leased(): LeasedNetwork {
    return this.#given.leased;
  }

  get keeper(): LeaseKeeper {
    return this.#keeper;
  }

  get loop(): PeerLoop {
    return this.#loop;
  }

  get drift(): DriftWatch {
    return this.#drift;
  }

  get follower(): PeerFollower {
    return this.#follower;
  }

  /** Follows the store until the signal is aborted or the lease is lost. Throws what cannot pass by itself. */
  async run(signal: AbortSignal): Promise<NetworkEnd> {
    const { leased, journal, inPlace } = this.#given;
    await restorePeers(this.#loop, { commands: leased.commands, own: leased.subnets, journal, inPlace });
    const stop = (): void => this.#stopFollowing({ kind: 'stopped' });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await this.#follower.follow(this.#following.signal);
      return this.#end;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Has {@link run} end, so that the network can be changed. */
  interrupt(): void {
    this.#stopFollowing({ kind: 'interrupted' });
  }

  /** The lease as it stands now, for a network with other commands. */
  leasedWith(commands: CommandRunner): LeasedNetwork {
    return { ...this.#given.leased, commands, record: this.#keeper.record, hadEnded: false };
  }

  /** Removes every peer and stops working; the rest of the network stays. */
  async removePeers(): Promise<void> {
    await this.#stopParts();
    await removePeers(this.#loop);
  }

  /** Takes the network down on this node. Its lease stays. */
  async takeDown(): Promise<TakenDown> {
    const { leased, journal, options, emit } = this.#given;
    await this.#stopParts();
    return takeDown({
      commands: leased.commands,
      loop: this.#loop,
      journal,
      own: leased.subnets,
      stateDirectory: options.stateDirectory,
      subnetFile: options.subnetFile,
      emit,
    });
  }

  /** Takes the network down for good: what could not be removed is no business of the recipe that comes next. */
  async giveUp(): Promise<void> {
    const { failed } = await this.takeDown();
    const { journal, emit } = this.#given;
    await journal.strikeOut();
    if (failed.length === 0) return;
    const message = `what the recipe before did for ${failed.join(', ')} may be left: it could not be removed`;
    emit({ event: 'warning', message });
  }

  /** Stops working and leaves everything as it is, for the next daemon to take over. */
  async leave(): Promise<void> {
    await this.#stopParts();
    await this.#loop.stop();
  }

  /** Gives this node's lease back to the store. Throws a StoreError. */
  async releaseLease(store: LeaseStore): Promise<void> {
    await this.#keeper.stop();
    const outcome = await store.remove(this.#keeper.record);
    const subnet = describeSubnets(this.#given.leased.subnets);
    if (outcome === 'removed') this.#given.emit({ event: 'lease-released', subnet });
  }

  /** All that works beside the loop; a subnet file that is being written is there when this returns. */
  async #stopParts(): Promise<void> {
    const published = this.#publishing.catch(() => undefined);
    await Promise.all([this.#drift.stop(), this.#keeper.stop(), published]);
  }

  async #becomeReady(): Promise<void> {
    if (this.#isReady) return;
    this.#isReady = true;
    await this.#loop.settled();
    if (this.#isEnding()) return;
    const { options, leased, emit } = this.#given;
    const { facts } = leased.commands;
    try {
      this.#publishing = publishSubnets(options.subnetFile, leased);
      await this.#publishing;
    } catch (error) {
      this.#isReady = false;
      emit({ event: 'warning', message: error instanceof Error ? error.message : String(error) });
      return;
    }
    // Whoever waited for the file may have told the daemon to stop before it comes here.
    if (this.#isEnding()) return;
    emit({
      event: 'ready',
      subnet: describeSubnets(leased.subnets),
      publicIp: facts.publicIp ?? facts.publicIpv6 ?? '',
      mtu: facts.mtu,
      peers: this.counts.inPlace,
      subnetFile: options.subnetFile,
    });
    this.#given.onReady();
    this.#drift.start();
    this.#given.onHealth(this.#health);
    await notifyServiceManager({ state: 'ready', status: `subnet ${describeSubnets(leased.subnets)}` });
  }

  #reportHealth(): void {
    const { failing } = this.#loop.engine;
    const reasons = failing === 0 ? [] : [`${count(failing, 'peer')} failing`];
    if (this.#broken !== undefined) reasons.push(`the network is broken: ${this.#broken}`);
    const health = reasons.length === 0 ? undefined : reasons.join('; ');
    if (health === this.#health) return;
    this.#health = health;
    // Peers that are removed on the way out make a network neither well nor worse.
    if (this.#isReady && !this.#isEnding()) this.#given.onHealth(health);
  }

  #stopFollowing(end: NetworkEnd): void {
    this.#end = end;
    this.#following.abort();
  }
}

function ownAddresses({ commands }: LeasedNetwork): string[] {
  return [commands.facts.publicIp, commands.facts.publicIpv6].filter((address) => address !== undefined);
}
