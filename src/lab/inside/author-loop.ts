import { recipeRevision } from '../../recipe-files/recipe-text.ts';
import type { LabEvent, RecipeOrder } from '../protocol.ts';
import type { LabTrouble, NodeRecipeChange } from '../report/report.ts';
import type { LabDaemon, RecipeAnswer } from './node/daemon.ts';
import type { Lab } from './lab.ts';
import { probeMatrix } from './probe/matrix.ts';
import { writeNodeRecipe } from './node/node-recipe.ts';
import type { PodAgent } from './probe/pod-agent.ts';
import { explainPair } from './run-lab.ts';

/** The time in which an overlay has to work, in milliseconds. The author waits for the answer, so a slower one counts as dead. */
const convergeMs = 1500;

/** Hands the author's saved recipes to every node of a lab, and probes the lab. */
export class AuthorLoop {
  readonly #lab: Lab;
  readonly #agents: ReadonlyMap<string, PodAgent>;
  readonly #tell: (event: LabEvent) => void;
  #text: string;
  #newest = 0;
  #networkDocument: string;
  /** The present write. Files are written in the order of their arrival. */
  #writing: Promise<void> = Promise.resolve();

  constructor(lab: Lab, agents: ReadonlyMap<string, PodAgent>, tell: (event: LabEvent) => void) {
    this.#lab = lab;
    this.#agents = agents;
    this.#tell = tell;
    this.#text = lab.spec.recipe.text;
    this.#networkDocument = lab.spec.networkDocument;
  }

  /** Probes the lab in its first state. */
  async begin(): Promise<void> {
    await this.#probe({ id: 0, change: null, troubles: [], appliedMs: null });
  }

  /**
   * Takes a recipe that was checked: writes its network into the store, then hands the text to the nodes. If another recipe arrives before
   * the nodes run this one, this one is not reported.
   */
  async take({ id, text, networkDocument }: RecipeOrder): Promise<void> {
    this.#newest = id;
    // The author returned to the running recipe after a refused one, so the nodes would not report anything.
    if (text === this.#text) {
      await this.#probe({ id, change: { step: 'nothing', because: null }, troubles: [], appliedMs: 0 });
      return;
    }
    this.#text = text;
    const began = performance.now();
    const revision = recipeRevision(text);
    const daemons = this.#lab.nodes.flatMap(({ daemon }) => (daemon.kind === 'heddle' ? [daemon] : []));
    const waiting = daemons.filter(({ state }) => state.kind === 'ready');
    const answerOf = ({ answers }: LabDaemon): RecipeAnswer | undefined =>
      answers.findLast((answer) => answer.revision === revision);
    for (const { answers } of waiting) answers.length = 0;
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(text, networkDocument));
    await this.#writing;
    await this.#lab.changes.until(
      () =>
        this.#newest !== id ||
        waiting.every((daemon) => answerOf(daemon) !== undefined || daemon.state.kind === 'ended'),
      this.#lab.spec.timeoutMs,
    );
    if (this.#newest !== id) return;
    const appliedMs = Math.round(performance.now() - began);
    await Promise.all(waiting.map(({ node }) => this.#reconnect(node)));
    const answers = waiting.flatMap((daemon) => {
      const answer = answerOf(daemon);
      return answer === undefined ? [] : [{ node: daemon.node, answer }];
    });
    const silent = waiting.filter((daemon) => answerOf(daemon) === undefined).map(this.#describeSilence);
    const { change, troubles } = summarise(answers);
    await this.#probe({ id, change, troubles: [...troubles, ...silent], appliedMs });
  }

  /** The reason why a daemon did not report the result of a recipe. */
  readonly #describeSilence = (daemon: LabDaemon): LabTrouble => {
    const seconds = this.#lab.spec.timeoutMs / 1000;
    return daemon.trouble(`it did not run the saved recipe within ${seconds} s`);
  };

  /** Connects a node's pod again if the node's subnet or MTU has changed. */
  async #reconnect(name: string): Promise<void> {
    const node = this.#lab.nodes.find(({ plan }) => plan.name === name);
    if (node?.daemon.state.kind === 'ready') await node.becomeReady(this.#lab.spec.timeoutMs);
  }

  async #probe(
    word: Pick<Extract<LabEvent, { event: 'matrix' }>, 'id' | 'change' | 'troubles' | 'appliedMs'>,
  ): Promise<void> {
    const { nodes, spec } = this.#lab;
    await this.#lab.becomeAcquainted(spec.timeoutMs);
    const pairs = await probeMatrix(nodes, this.#agents, this.#lab, () => undefined, convergeMs);
    if (this.#newest !== word.id) return;
    const reasons = pairs.filter(({ ok }) => !ok).map(explainPair);
    this.#tell({ event: 'matrix', ...word, nodes: this.#lab.reports(), pairs, reasons });
  }

  async #write(text: string, networkDocument: string): Promise<void> {
    if (networkDocument !== this.#networkDocument) await this.#writeNetwork(networkDocument);
    await writeNodeRecipe(this.#lab.spec.recipe.path, text);
  }

  async #writeNetwork(document: string): Promise<void> {
    await this.#lab.store.writeNetwork(document);
    this.#networkDocument = document;
  }
}

/** The answers of the nodes; equal answers appear once. */
function summarise(answers: readonly { readonly node: string; readonly answer: RecipeAnswer }[]): {
  readonly change: NodeRecipeChange | null;
  readonly troubles: readonly LabTrouble[];
} {
  const applied = answers.find(({ answer }) => answer.event === 'recipe-applied')?.answer;
  const change = applied?.event === 'recipe-applied' ? applied : undefined;
  const troubles = new Map<string, LabTrouble>();
  for (const { node, answer } of answers) {
    if (answer.event === 'recipe-applied') continue;
    const { because } = answer;
    const detail = answer.event === 'recipe-failed' ? answer.detail : answer.findings;
    const kind = answer.event === 'recipe-failed' ? 'command' : 'recipe';
    const nodes = [...(troubles.get(because)?.node.split(', ') ?? []), node].join(', ');
    const message = `${nodes}: ${because}; the last recipe runs`;
    troubles.set(because, { node: nodes, kind, message, ...(detail !== '' && { detail }) });
  }
  return {
    change: change === undefined ? null : { step: change.step, because: change.because },
    troubles: [...troubles.values()],
  };
}
