import type { TestContext } from 'node:test';
import { Waits } from '../../src/daemon/commands/waits.ts';
import { NodeLife, type LifeOwner } from '../../src/daemon/node-life.ts';
import type { TakeDownResult } from '../../src/daemon/network/take-down.ts';
import type { StopRequest } from '../../src/daemon/report/control.ts';
import type { UpOptions } from '../../src/daemon/setup/options.ts';
import type { Preparation } from '../../src/daemon/setup/prepare.ts';
import type { EmitEvent, NodeState } from '../../src/event/event.ts';
import { until } from '../support/until.ts';
import type { Bench } from './bench.ts';

/** The life of a node on a bench, and its owner, who notes the states that it is told. */
export class Life implements LifeOwner {
  readonly life: NodeLife;
  /** A state, and after a colon the reason, if there was one. */
  readonly states: string[] = [];
  readonly #stopping = new AbortController();
  /** How the life ended. */
  readonly ended: Promise<TakeDownResult>;
  stopRequest: StopRequest;
  readonly waits: Waits;

  private constructor(options: UpOptions, emit: EmitEvent, life: (owner: LifeOwner) => NodeLife) {
    this.stopRequest = options;
    this.waits = new Waits(emit, this.stopping);
    this.life = life(this);
    this.ended = this.life.run().finally(() => this.life.close());
    this.ended.catch(() => undefined);
  }

  /**
   * Begins a life with the recipe file and the store of the bench. It ends with the test, if not before. `meanwhile` happens when all
   * is prepared. `prepared` changes what was prepared.
   */
  static async begin(
    t: TestContext,
    bench: Bench,
    changes: Partial<UpOptions> = {},
    meanwhile: () => Promise<void> = () => Promise.resolve(),
    prepared: (preparation: Preparation) => Preparation = (preparation) => preparation,
  ): Promise<Life> {
    const options = bench.options(changes);
    const preparation = prepared(await bench.prepare(options));
    await meanwhile();
    const life = new Life(
      options,
      bench.emit,
      (owner) => new NodeLife(options, preparation, bench.emit, owner),
    );
    t.after(async () => {
      life.life.hurry();
      await life.stop({ onExit: 'leave' }).catch(() => undefined);
    });
    return life;
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  keepStateDirectory(): Promise<void> {
    return Promise.resolve();
  }

  enter(state: NodeState, because?: string): void {
    this.states.push(because === undefined ? state : `${state}: ${because}`);
  }

  /** Has the node stop, and waits for its end. */
  stop(request: Partial<StopRequest> = {}): Promise<TakeDownResult> {
    this.stopRequest = { ...this.stopRequest, ...request };
    this.#stopping.abort();
    return this.ended;
  }

  async untilIn(state: NodeState): Promise<void> {
    const isIn = (): boolean => this.states.at(-1)?.split(':')[0] === state;
    await until(`the state ${state}`, isIn, () => this.states.join('\n'));
  }
}
