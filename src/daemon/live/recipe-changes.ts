import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent } from '../../event/event.ts';
import { inheritedEnvironment } from '../../contract/environment.ts';
import type { NodeFacts } from '../../contract/environment.ts';
import { compareRecipes } from '../../recipe/compare-recipes.ts';
import type { Shell } from '../../shell/shell.ts';
import { createWorkerPool } from '../../shell/pool/worker-pool.ts';
import type { NetworkStart } from '../network/leased-network.ts';
import { CommandRunner } from '../commands/command-runner.ts';
import { noteChange, writeDeployment } from '../network/deployment-file.ts';
import { deploymentOf } from '../network/deployment.ts';
import type { SavedChange } from './live-recipe.ts';
import type { UpOptions } from '../setup/options.ts';
import type { Preparation } from '../setup/prepare.ts';
import { revisionOf } from '../../recipe-files/recipe-text.ts';
import type { RunningNetwork } from '../network/running-network.ts';

/** How long a command of the old recipe may hold up the new one. */
const patienceMs = 1000;

interface RequestedChange {
  readonly change: SavedChange;
  /** Lets whoever asked for it go on. */
  readonly done: () => void;
}

/** What a node runs, and how it changes to a recipe that was saved. */
export class RecipeChanges {
  readonly #options: UpOptions;
  readonly #emit: EmitEvent;
  #preparation: Preparation;
  #shell: Shell;
  #requested: RequestedChange | undefined;
  /** Its network is on the way. */
  #making: RequestedChange | undefined;
  /** What to go back to if what was saved does not come up. */
  #fallback: Preparation | undefined;
  /** What was made and is not ready yet. */
  #unannounced: SavedChange | undefined;

  constructor(options: UpOptions, preparation: Preparation, emit: EmitEvent) {
    this.#options = options;
    this.#preparation = preparation;
    this.#emit = emit;
    this.#shell = createShell(preparation);
  }

  get preparation(): Preparation {
    return this.#preparation;
  }

  get shell(): Shell {
    return this.#shell;
  }

  async createRunner(facts: NodeFacts): Promise<CommandRunner> {
    const { loaded } = this.#preparation;
    const { recipe } = loaded;
    const scripts = await loaded.scripts;
    const inherited = inheritedEnvironment(process.env);
    return new CommandRunner({ recipe, scripts, shell: this.#shell, inherited, facts }, this.#emit);
  }

  /** Has a change made as soon as the network runs. Resolves when it was made, or nobody will. Throws a Failure if it cannot be noted. */
  async request(change: SavedChange, network: RunningNetwork | undefined): Promise<void> {
    if (change.step.kind === 'nothing') {
      const { loaded } = change.preparation;
      const scripts = await loaded.scripts;
      this.#preparation = change.preparation;
      network?.leased.commands.adopt(loaded.recipe, scripts);
      const isReady = this.#unannounced === undefined;
      this.#unannounced = { ...change, step: this.#unannounced?.step ?? change.step };
      if (isReady) this.announce();
      return;
    }
    if (change.step.kind !== 'swap') await noteChange(this.#options.stateDirectory, change.step.kind);
    await new Promise<void>((resolve) => {
      this.#requested = { change, done: resolve };
      network?.interrupt();
    });
  }

  /** Changes an interrupted network as its step says, and returns what the next one begins with. */
  async make(network: RunningNetwork): Promise<NetworkStart> {
    this.#making = this.#requested;
    this.#requested = undefined;
    if (this.#making === undefined) throw new Error('a network was interrupted for no change');
    const { change } = this.#making;
    const { step, preparation } = change;
    const before = this.#preparation;
    this.#unannounced = change;
    await network.loop.pauseWithin(patienceMs);
    switch (step.kind) {
      case 'nothing':
        throw new Error('a network was interrupted for nothing');
      case 'swap': {
        const inPlace = network.loop.engine.subnetsInPlace;
        await network.leave();
        return { ...(await this.#keepLease(network, preparation)), inPlace };
      }
      case 'peers':
        await network.removePeers();
        return this.#keepLease(network, preparation);
      case 'node':
        await network.giveUp();
        if (movesNetwork(before, preparation)) await network.releaseLease(before.store);
        this.#fallback = before;
        await this.#adopt(preparation);
        return { hint: network.leased.subnets };
    }
  }

  /** A network stands: with what was saved, or again with what there was. */
  started(network: RunningNetwork): void {
    this.#fallback = undefined;
    this.#making?.done();
    this.#making = undefined;
    // Saved while the network came up.
    if (this.#requested !== undefined) network.interrupt();
  }

  /** After a failure to come up: goes back to what ran before a change, if that is why. */
  async goBack(error: unknown): Promise<boolean> {
    const fallback = this.#fallback;
    if (!(error instanceof Failure) || fallback === undefined) return false;
    const { message, detail = '' } = error;
    const { file, recipe } = this.#preparation.loaded;
    const revision = revisionOf(recipe.source.text);
    this.#emit({ event: 'recipe-failed', file, revision, because: message, detail });
    this.#fallback = undefined;
    this.#unannounced = undefined;
    await this.#adopt(fallback);
    return true;
  }

  /** Says that what was saved runs, once it does. */
  announce(): void {
    const change = this.#unannounced;
    if (change === undefined) return;
    this.#unannounced = undefined;
    const { step, findings, seenAt, preparation } = change;
    this.#emit({
      event: 'recipe-applied',
      file: preparation.loaded.file,
      revision: revisionOf(preparation.loaded.recipe.source.text),
      step: step.kind,
      because: step.kind === 'nothing' ? null : step.because,
      durationMs: performance.now() - seenAt,
      findings,
    });
  }

  /** Nobody changes anything any more. */
  end(): void {
    this.#requested?.done();
    this.#making?.done();
  }

  async #keepLease(network: RunningNetwork, preparation: Preparation): Promise<NetworkStart> {
    const { facts } = network.leased.commands;
    await this.#adopt(preparation);
    const { parameters } = preparation.loaded.recipe;
    const leased = network.leasedWith(await this.createRunner({ ...facts, parameters }));
    await writeDeployment(
      this.#options.stateDirectory,
      deploymentOf(preparation, this.#options, facts, leased.record.key),
    );
    return { leased };
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
function createShell({ loaded }: Preparation): Shell {
  return createWorkerPool({ size: loaded.recipe.concurrency + 1 });
}

/** Whether the subnets of one network are none of the other's. */
function movesNetwork(before: Preparation, after: Preparation): boolean {
  const { recipe } = before.loaded;
  const settle = ({ network }: Preparation) => ({
    recipe,
    network: network.configuration,
    parameterValues: {},
  });
  return compareRecipes(settle(before), settle(after)).kind !== 'nothing';
}
