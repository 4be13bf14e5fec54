import { setTimeout as delay } from 'node:timers/promises';
import type { FoundLab } from '../../lab/process/find.ts';
import type { LabSpec } from '../../lab/protocol.ts';
import type { TraceReport } from '../../lab/trace/report.ts';
import { DocumentFollowers } from '../followers.ts';
import type { NodeKernel, PageDocument, PagePair } from '../model.ts';
import type { PageSource } from '../server.ts';
import { probePods } from './probe-pods.ts';
import { describeLab, seeKernels, seeLab, type LabSight } from './sight.ts';
import { chooseTraces, tracePair } from './trace-failures.ts';

/** The intervals between two looks at the hosts, and between two tests of the pods, in milliseconds. */
const lookMs = 250;
const testMs = 1500;

/** A running lab as a live page. It looks and tests only while somebody follows. */
export class LiveLab implements PageSource {
  readonly #lab: FoundLab;
  readonly #spec: LabSpec;
  readonly #followers = new DocumentFollowers();
  readonly #onEnd: () => void;
  #sight: LabSight | undefined;
  #pairs: readonly PagePair[] = [];
  #kernels: readonly NodeKernel[] = [];
  readonly #traces = new Map<string, TraceReport>();
  #isLooking = false;
  #isTesting = false;

  /** @param onEnd called once the lab has ended */
  constructor(lab: FoundLab, spec: LabSpec, onEnd: () => void) {
    this.#lab = lab;
    this.#spec = spec;
    this.#onEnd = onEnd;
  }

  follow(onChange: (document: PageDocument) => void): () => void {
    const stop = this.#followers.add(onChange);
    // Each begins again by itself: a page that is loaded again may find that the looks have ended, but not yet the last test.
    if (!this.#isLooking) {
      this.#isLooking = true;
      void this.#look().finally(() => (this.#isLooking = false));
    }
    if (!this.#isTesting) {
      this.#isTesting = true;
      void this.#test().finally(() => (this.#isTesting = false));
    }
    return stop;
  }

  async #look(): Promise<void> {
    while (!this.#followers.isEmpty) {
      try {
        this.#sight = await seeLab(this.#lab);
      } catch {
        this.#onEnd();
        return;
      }
      this.#show();
      await delay(lookMs);
    }
  }

  async #test(): Promise<void> {
    while (!this.#followers.isEmpty) {
      await delay(this.#sight === undefined ? lookMs : 0);
      if (this.#sight === undefined) continue;
      const { status } = this.#sight;
      this.#pairs = await probePods(this.#lab, status);
      this.#show();
      this.#kernels = await seeKernels(this.#lab, status).catch(() => this.#kernels);
      await this.#trace();
      await delay(testMs);
    }
  }

  /** Traces the pairs that fail. Those that work again are forgotten. */
  async #trace(): Promise<void> {
    const chosen = chooseTraces(this.#pairs);
    const names = chosen.map(({ from, to }) => `${from} ${to}`);
    for (const name of this.#traces.keys()) if (!names.includes(name)) this.#traces.delete(name);
    for (const pair of chosen) {
      const name = `${pair.from} ${pair.to}`;
      // A way that works is traced once, because the trace shows how it works.
      if (pair.ok && this.#traces.get(name)?.outcome.kind === 'answered') continue;
      const trace = await tracePair(this.#lab, pair);
      if (trace !== undefined) this.#traces.set(name, trace);
      this.#show();
    }
  }

  #show(): void {
    const failed = this.#pairs.filter(({ ok }) => !ok).length;
    const text =
      this.#pairs.length === 0
        ? 'The pods are being tested'
        : `${this.#pairs.length - failed} of ${this.#pairs.length} pairs reach each other`;
    this.#followers.show(
      describeLab(this.#spec, this.#sight, {
        verdict: { kind: failed > 0 ? 'failed' : 'live', text },
        pairs: this.#pairs,
        traces: [...this.#traces.values()],
        kernels: this.#kernels,
        isGone: false,
        troubles: [],
        reasons: [],
        steps: [],
      }),
    );
  }
}
