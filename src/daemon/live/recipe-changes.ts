import { renderDetail } from '../../diagnostic/code-frame.ts';
import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent } from '../../event/event.ts';
import { inheritedEnvironment } from '../../contract/environment.ts';
import type { NodeFacts } from '../../contract/environment.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import { compareRecipes } from '../../recipe/compare-recipes.ts';
import type { Shell } from '../../shell/shell.ts';
import { createWorkerPool } from '../../shell/pool/worker-pool.ts';
import type { NetworkStart } from '../network/leased-network.ts';
import { CommandRunner } from '../commands/command-runner.ts';
import { commandLedger } from '../commands/running-commands.ts';
import type { Waits } from '../commands/waits.ts';
import { noteChange, writeDeployment } from '../network/deployment-file.ts';
import { deploymentOf } from '../network/deployment.ts';
import type { SavedChange } from './live-recipe.ts';
import type { UpOptions } from '../setup/options.ts';
import type { Preparation } from '../setup/prepare.ts';
import { recipeRevision } from '../../recipe-files/recipe-text.ts';
import type { RunningNetwork } from '../network/running-network.ts';

/** The time for which a command of the old recipe may delay the new one, in milliseconds. */
const drainMs = 1000;

/**
 * The progress of a change.
 *
 *     settled ──request──▶ requested ──the network is interrupted──▶ making ──its network is up──▶ made ──ready──▶ settled
 *        ▲                                                             │
 *        └────the old network is up again──── reverting ◀──it failed───┘
 *
 * A text that changes nothing is `made` at once.
 */
type ChangeState =
  | { readonly kind: 'settled' }
  | {
      readonly kind: 'requested';
      readonly change: SavedChange;
      readonly done: () => void;
      /** An earlier change that was made, and is announced when the network is ready. */
      readonly earlier: SavedChange | undefined;
    }
  | {
      readonly kind: 'making';
      readonly change: SavedChange;
      /** Resolves the request for the change. */
      readonly done: () => void;
      /** The network to go back to if the saved recipe does not come up; undefined if the device stays. */
      readonly fallback: Preparation | undefined;
    }
  | { readonly kind: 'reverting'; readonly done: () => void }
  | { readonly kind: 'made'; readonly change: SavedChange };

/** The network that a node runs, and its change to a saved recipe. */
export class RecipeChanges {
  readonly #options: UpOptions;
  readonly #emit: EmitEvent;
  readonly #waits: Waits;
  #preparation: Preparation;
  #shell: Shell;
  #state: ChangeState = { kind: 'settled' };

  constructor(options: UpOptions, preparation: Preparation, waits: Waits, emit: EmitEvent) {
    this.#options = options;
    this.#preparation = preparation;
    this.#waits = waits;
    this.#emit = emit;
    this.#shell = createShell(preparation);
  }

  get preparation(): Preparation {
    return this.#preparation;
  }

  /** Replaces the interface on which later networks are brought up. */
  moveTo(underlay: ChosenInterface): void {
    this.#preparation = { ...this.#preparation, underlay };
  }

  get shell(): Shell {
    return this.#shell;
  }

  createRunner(facts: NodeFacts): CommandRunner {
    const { recipe, scripts } = this.#preparation.loaded;
    const inherited = inheritedEnvironment(process.env, [
      ...recipe.environment,
      ...this.#options.passEnvironment,
    ]);
    const context = { recipe, scripts, shell: this.#shell, inherited, facts, waits: this.#waits };
    return new CommandRunner(context, this.#emit);
  }

  /**
   * Requests a change, which is made as soon as the network runs. Resolves when the change was made, or will never be made. Throws a
   * Failure if the change cannot be noted.
   */
  async request(change: SavedChange, network: RunningNetwork | undefined): Promise<void> {
    if (change.step.kind === 'nothing') {
      this.#takeText(change, network);
      return;
    }
    if (change.step.kind !== 'swap') await noteChange(this.#options.stateDirectory, change.step.kind);
    const earlier = this.#state.kind === 'made' ? this.#state.change : undefined;
    await new Promise<void>((done) => {
      this.#state = { kind: 'requested', change, done, earlier };
      network?.interrupt();
    });
  }

  /** Takes a text that changes nothing but the messages. */
  #takeText(change: SavedChange, network: RunningNetwork | undefined): void {
    const { loaded } = change.preparation;
    this.#preparation = change.preparation;
    network?.leasedNetwork.commands.adopt(loaded.recipe, loaded.scripts);
    const { step } = this.#state.kind === 'made' ? this.#state.change : change;
    const isReady = this.#state.kind !== 'made';
    this.#state = { kind: 'made', change: { ...change, step } };
    if (isReady) this.announce();
  }

  /**
   * Changes an interrupted network as the change's step says. Returns the start values of the next network. After `leaving`, the change
   * removes nothing more, and `left` says that it was not made: the rest of the old network stays, and the next daemon continues.
   */
  async make(network: RunningNetwork, leaving: AbortSignal): Promise<NetworkStart | 'left'> {
    if (this.#state.kind !== 'requested') throw new Error('a network was interrupted without a change');
    const { change, done } = this.#state;
    const { step, preparation } = change;
    const isLeft = (): boolean => leaving.aborted;
    const before = this.#preparation;
    this.#state = { kind: 'making', change, done, fallback: step.kind === 'node' ? before : undefined };
    await network.loop.pauseWithin(drainMs);
    if (isLeft()) return 'left';
    switch (step.kind) {
      case 'nothing':
        throw new Error('a network was interrupted without a reason');
      case 'swap': {
        const inPlace = network.loop.engine.subnetsInPlace;
        await network.leave();
        return { ...(await this.#keepLease(network, preparation)), inPlace };
      }
      case 'peers':
        await network.removePeers(leaving);
        return isLeft() ? 'left' : this.#keepLease(network, preparation);
      case 'node':
        await network.giveUp(leaving);
        if (isLeft()) return 'left';
        if (movesNetwork(before, preparation)) await network.releaseLease(before.store);
        await this.#adopt(preparation);
        return { hint: network.leasedNetwork.subnets };
    }
  }

  /** Call when a network is up, with the saved recipe or again with the old one. */
  started(network: RunningNetwork): void {
    const state = this.#state;
    switch (state.kind) {
      case 'making':
        this.#state = { kind: 'made', change: state.change };
        state.done();
        return;
      case 'reverting':
        this.#state = { kind: 'settled' };
        state.done();
        return;
      case 'requested':
        // The recipe was saved while the network came up.
        network.interrupt();
        return;
      case 'made':
      case 'settled':
        return;
    }
  }

  /** Returns to the old recipe if a change is the reason why the network did not come up. */
  async goBack(error: unknown): Promise<boolean> {
    const state = this.#state;
    if (!(error instanceof Failure) || state.kind !== 'making' || state.fallback === undefined) return false;
    const { message } = error;
    const detail = renderDetail(error, { colour: false });
    const { file, recipe } = this.#preparation.loaded;
    const revision = recipeRevision(recipe.source.text);
    this.#emit({ event: 'recipe-failed', file, revision, because: message, detail });
    this.#state = { kind: 'reverting', done: state.done };
    await this.#adopt(state.fallback);
    return true;
  }

  /** Call when the network is ready. Announces that the saved recipe runs. */
  announce(): void {
    const state = this.#state;
    switch (state.kind) {
      case 'made':
        this.#state = { kind: 'settled' };
        this.#tellApplied(state.change);
        return;
      case 'requested':
        if (state.earlier === undefined) return;
        this.#state = { ...state, earlier: undefined };
        this.#tellApplied(state.earlier);
        return;
      case 'settled':
      case 'making':
      case 'reverting':
        return;
    }
  }

  #tellApplied({ step, findings, seenAt, preparation }: SavedChange): void {
    this.#emit({
      event: 'recipe-applied',
      file: preparation.loaded.file,
      revision: recipeRevision(preparation.loaded.recipe.source.text),
      step: step.kind,
      because: step.kind === 'nothing' ? null : step.because,
      durationMs: performance.now() - seenAt,
      findings,
    });
  }

  /** Ends all changes: no later change is made. */
  end(): void {
    if ('done' in this.#state) this.#state.done();
  }

  async #keepLease(network: RunningNetwork, preparation: Preparation): Promise<NetworkStart> {
    const { facts } = network.leasedNetwork.commands;
    await this.#adopt(preparation);
    const { parameters } = preparation.loaded.recipe;
    const leasedNetwork = network.leasedWith(this.createRunner({ ...facts, parameters }));
    await writeDeployment(
      this.#options.stateDirectory,
      deploymentOf(preparation, this.#options, facts, leasedNetwork.record.key),
    );
    return { leasedNetwork };
  }

  async #adopt(preparation: Preparation): Promise<void> {
    const resized = preparation.loaded.recipe.concurrency !== this.#preparation.loaded.recipe.concurrency;
    this.#preparation = preparation;
    if (!resized) return;
    await this.#shell.close();
    this.#shell = createShell(preparation);
  }
}

/** One worker more than peers may occupy, so that a hung peer never keeps CheckCommand waiting. */
function createShell({ loaded, stateDirectory }: Preparation): Shell {
  return createWorkerPool({
    size: loaded.recipe.concurrency + 1,
    ledger: commandLedger(stateDirectory),
    owner: stateDirectory,
  });
}

/** Whether a change gives the network other subnets. */
function movesNetwork(before: Preparation, after: Preparation): boolean {
  const { recipe } = before.loaded;
  const settle = ({ network }: Preparation) => ({
    recipe,
    network: network.configuration,
    parameterValues: {},
  });
  return compareRecipes(settle(before), settle(after)).kind !== 'nothing';
}
