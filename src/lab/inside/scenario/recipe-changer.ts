import { Failure } from '../../../diagnostic/failure.ts';
import { recipeRevision } from '../../../recipe-files/recipe-text.ts';
import type { ChangedRecipe } from '../../protocol.ts';
import type { Lab } from '../lab.ts';
import type { LabDaemon, RecipeAnswer } from '../node/daemon.ts';
import { writeNodeRecipe } from '../node/node-recipe.ts';

/** Gives the nodes of a lab the recipes of a scenario, one after the other. */
export class RecipeChanger {
  readonly #lab: Lab;
  readonly #recipes: readonly ChangedRecipe[];
  #changes = 0;
  #text: string;
  #networkDocument: string;

  constructor(lab: Lab, recipes: readonly ChangedRecipe[]) {
    this.#lab = lab;
    this.#recipes = recipes;
    this.#text = lab.spec.recipe.text;
    this.#networkDocument = lab.spec.networkDocument;
  }

  /** Hands the next recipe to the nodes, and waits until each running one has applied it. Returns what changed, as a clause. Throws a {@link Failure}. */
  async changeNext(): Promise<string> {
    const recipe = this.#recipes[this.#changes];
    if (recipe === undefined) throw new Error('the scenario changes the recipe more often than was planned');
    this.#changes += 1;
    const { text, networkDocument } = recipe;
    if (text === this.#text) return 'the recipe is the same';
    const { nodes, spec, changes, store } = this.#lab;
    // flanneld does not follow a change.
    const running = nodes.flatMap((node) => {
      const { daemon } = node;
      return daemon.kind === 'heddle' && daemon.state.kind === 'ready' ? [{ node, daemon }] : [];
    });
    for (const { daemon } of running) daemon.answers.length = 0;
    if (networkDocument !== this.#networkDocument) await store.writeNetwork(networkDocument);
    await writeNodeRecipe(spec.recipe.path, text);
    this.#text = text;
    this.#networkDocument = networkDocument;
    const revision = recipeRevision(text);
    const answerOf = (daemon: LabDaemon): RecipeAnswer | undefined =>
      daemon.answers.findLast((answer) => answer.revision === revision);
    await changes.until(
      () => running.every(({ daemon }) => answerOf(daemon) !== undefined || daemon.state.kind === 'ended'),
      spec.timeoutMs,
    );
    const notes = new Set<string>();
    for (const { node, daemon } of running) {
      notes.add(judge(node.plan.name, answerOf(daemon), spec.timeoutMs));
      // The subnet or the MTU may be another one.
      await node.becomeReady(spec.timeoutMs);
    }
    return [...notes].join('; ');
  }
}

/** Describes how a node applied a recipe, as a clause. Throws a {@link Failure} if it does not run the recipe. */
function judge(node: string, answer: RecipeAnswer | undefined, timeoutMs: number): string {
  switch (answer?.event) {
    case 'recipe-applied':
      return answer.because ?? 'nothing changed for the nodes';
    case 'recipe-refused':
      throw new Failure('recipe', `${node} refused the recipe: ${answer.because}`, {
        detail: answer.findings,
      });
    case 'recipe-failed':
      throw new Failure('recipe', `the recipe failed on ${node}: ${answer.because}`, {
        detail: answer.detail,
      });
    case undefined:
      throw new Failure('lab-failed', `${node} did not run the recipe within ${timeoutMs / 1000} s`);
  }
}
