import { Failure } from '../../diagnostic/failure.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import type { Concerns } from '../../event/concerns.ts';
import { parseNetworkDocument } from '../../recipe/read/network-document.ts';
import { StoreError } from '../../store/store.ts';
import { describeOverlap } from '../setup/require-no-overlap.ts';
import type { UpOptions } from '../setup/options.ts';
import type { Preparation } from '../setup/prepare.ts';
import { judgeNetwork, type JudgingNode, type NetworkProblem } from './judge-network.ts';
import { networkWriterOf } from '../../store/network-writer.ts';

interface StoredNetworkWatchOptions extends Omit<JudgingNode, 'networkWriter'> {
  readonly preparation: Pick<Preparation, 'loaded' | 'network' | 'store' | 'interfaces' | 'underlay'>;
  readonly options: Pick<
    UpOptions,
    'parameters' | 'recipe' | 'store' | 'allowOverlap' | 'stateDirectory' | 'subnetFile'
  >;
  readonly concerns: Concerns;
  /** The signal after which nothing is reported. */
  readonly signal: AbortSignal;
}

/** Compares the network configuration in the store with the one that this node runs. A difference is reported, and not applied. */
export class StoredNetworkWatch {
  readonly #options: StoredNetworkWatchOptions;
  /** The last text that was compared. */
  #text: string | undefined;

  constructor(options: StoredNetworkWatchOptions) {
    this.#options = options;
    this.#text = options.preparation.network.document.text;
  }

  /** Reads the store's document once. If the store does not answer, nothing changes. */
  async look(): Promise<void> {
    const { preparation, signal } = this.#options;
    const { store } = preparation;
    let document: SourceText | undefined;
    try {
      document = await store.readNetwork();
    } catch (error) {
      if (signal.aborted || error instanceof StoreError) return;
      throw error;
    }
    if (signal.aborted || document?.text === this.#text) return;
    this.#text = document?.text;
    this.#tell(document === undefined ? this.#describeGone() : await this.#judge(document));
  }

  #tell(problem: NetworkProblem | undefined): void {
    const { preparation, concerns, signal } = this.#options;
    if (signal.aborted) return;
    const about = preparation.store.description;
    concerns.set('network-changed', problem === undefined ? [] : [{ about, ...problem }]);
  }

  /** Judges a document. A network that overlaps this host is reported early, because the next start would refuse it. */
  async #judge(document: SourceText): Promise<NetworkProblem | undefined> {
    const { preparation, options } = this.#options;
    const problem = judgeNetwork(document, {
      ...this.#options,
      networkWriter: networkWriterOf(options.store),
    });
    const checked = parseNetworkDocument(document);
    if (problem === undefined || checked.kind === 'invalid') return problem;
    const { interfaces, underlay } = preparation;
    try {
      const overlap = await describeOverlap(checked.value.network, interfaces, underlay, options);
      return overlap === undefined ? problem : { ...problem, because: `${problem.because}; ${overlap}` };
    } catch (error) {
      if (error instanceof Failure) return problem;
      throw error;
    }
  }

  #describeGone(): NetworkProblem {
    const { description } = this.#options.preparation.store;
    return {
      because: `the network configuration is gone from the ${description}: nodes that start now wait for one, or bring their own`,
      hint: `write it again with ${networkWriterOf(this.#options.options.store)}`,
    };
  }
}
