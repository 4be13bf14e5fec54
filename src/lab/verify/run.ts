import { exitCodes, Failure } from '../../diagnostic/failure.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import { loadRecipe } from '../../recipe-files/load-recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import {
  underlays as allUnderlays,
  type FamilyChoice,
  type TopologyKind,
  type UnderlayKind,
} from '../plan/request.ts';
import { prepareLabOf, type LabRequest } from '../prepare.ts';
import { chooseFamilies, recipeWithFamilies } from '../plan/recipe-families.ts';
import { TetheredLab } from '../process/enter.ts';
import { endOnSignal } from '../process/interrupt.ts';
import type { LabEvent, LabSpec } from '../protocol.ts';
import { promises } from './promises.ts';
import { renderVerify } from './render-verify.ts';
import { reportTry, type TryReport, type VerifyReport } from './report.ts';

/** The request of `lab verify`. */
interface VerifyRequest extends Pick<LabRequest, 'recipe' | 'parameters' | 'timeoutSeconds' | 'topology'> {
  /** The ids of the promises to try; empty for all. */
  readonly only: readonly string[];
  /** The underlays and families to try; empty for all that the recipe has. */
  readonly underlays: readonly UnderlayKind[];
  readonly families: readonly FamilyChoice[];
}

/** The number of labs that run at once. */
const atOnce = 2;

interface VerifyLab {
  readonly underlay: TopologyKind;
  readonly families: FamilyChoice;
  readonly spec: LabSpec;
}

interface PromiseTry {
  readonly id: string;
  readonly report: TryReport;
}

/**
 * `lab verify`: tries every promise of a recipe in a lab for each underlay and family, and prints a table. Returns the exit code.
 *
 * @param onReport receives the report, and the text of the recipe, before they are printed
 */
export async function verifyRecipe(
  request: VerifyRequest,
  json: boolean,
  onReport?: (report: VerifyReport, recipe: string) => Promise<void>,
): Promise<number> {
  const begunAt = performance.now();
  const ids = chooseIds(request.only);
  const { file, recipe } = await loadRecipe(request.recipe);
  const families = chooseFamilies(recipe, request.families);
  const underlays = chooseUnderlays(request);
  const labs = await Promise.all(
    underlays.flatMap((underlay) =>
      families.map((each) => planVerifyLab(file, recipe, request, { underlay, families: each, ids })),
    ),
  );
  const tries = await runLabs(labs);
  const rows = promises
    .filter(({ id }) => ids.includes(id))
    .map(({ id, sentence }) => {
      const found = tries.filter((each) => each.id === id).map((each) => each.report);
      // The labs end in any order.
      const ordered = labs.flatMap((lab) =>
        found.filter((each) => each.underlay === lab.underlay && each.families === lab.families),
      );
      return {
        id,
        promise: sentence,
        kept: ordered.every(({ outcome }) => outcome !== 'broken'),
        tries: ordered,
      };
    });
  const report: VerifyReport = {
    recipe: recipe.name,
    passed: rows.every(({ kept }) => kept),
    families,
    underlays,
    promises: rows,
    tookMs: Math.round(performance.now() - begunAt),
  };
  process.stdout.write(
    json ? `${JSON.stringify(report)}\n` : renderVerify(report, { colour: usesColour(process.stdout) }),
  );
  await onReport?.(report, recipe.source.text);
  return report.passed ? 0 : exitCodes['lab-failed'];
}

/** The nodes that the promises are tried on. */
const neededNodes = 3;

function chooseUnderlays({ underlays, topology }: VerifyRequest): readonly TopologyKind[] {
  if (topology === undefined) return underlays.length === 0 ? allUnderlays : underlays;
  const { length } = topology.model.nodes;
  if (length < neededNodes) {
    const message = `lab verify needs three nodes, but ${topology.file} has ${length}`;
    throw new Failure('usage', message, { hint: 'add nodes to the file' });
  }
  return ['file'];
}

function chooseIds(only: readonly string[]): readonly string[] {
  const known = promises.map(({ id }) => id);
  const unknown = only.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new Failure('usage', `lab verify does not know the promise ${unknown}`, {
      hint: `choose from ${known.join(', ')}`,
    });
  }
  return only.length === 0 ? known : only;
}

async function planVerifyLab(
  file: string,
  recipe: Recipe,
  request: VerifyRequest,
  lab: { readonly underlay: TopologyKind; readonly families: FamilyChoice; readonly ids: readonly string[] },
): Promise<VerifyLab> {
  const { underlay, families, ids } = lab;
  const spec = await prepareLabOf(file, recipeWithFamilies(recipe, families), {
    name: `verify-${process.pid}-${underlay}-${families.toLowerCase()}`,
    purpose: 'verify',
    promises: ids,
    recipe: request.recipe,
    nodes: neededNodes,
    underlay: underlay === 'file' ? 'switched' : underlay,
    topology: request.topology,
    family: families,
    store: 'files',
    tls: false,
    parameters: request.parameters,
    daemonOptions: ['--on-exit', 'leave', '--check-interval', '1'],
    timeoutSeconds: request.timeoutSeconds,
    keepsFailed: false,
  });
  return { underlay, families, spec };
}

/** The labs that run, each with the thing that it waits for, as a noun. */
type RunningLabs = Map<TetheredLab, string>;

/** Runs labs, some at once, and returns their tries. Throws a {@link Failure} if a lab itself fails. */
async function runLabs(labs: readonly VerifyLab[]): Promise<readonly PromiseTry[]> {
  const tries: PromiseTry[] = [];
  const running: RunningLabs = new Map();
  const endAll = async (): Promise<void> => {
    await Promise.all([...running.keys()].map((each) => each.end()));
  };
  const guard = endOnSignal({ end: endAll }, () => [...running.values()].join(' and '));
  const queue = labs.values();
  const work = async (): Promise<void> => {
    for (const lab of queue) tries.push(...(await runLab(lab, running)));
  };
  try {
    await guard.unlessInterrupted(Promise.all(Array.from({ length: atOnce }, work)));
  } finally {
    await endAll();
    guard.release();
  }
  return tries;
}

/** Runs one lab to its end, and returns its tries. Throws a {@link Failure} if the lab itself fails. */
async function runLab(lab: VerifyLab, running: RunningLabs): Promise<readonly PromiseTry[]> {
  const { underlay, families, spec } = lab;
  const tries: PromiseTry[] = [];
  const name = `${underlay} ${families}`;
  let finish: (final: 'verified' | Failure) => void = () => undefined;
  const word = new Promise<'verified' | Failure>((resolve) => (finish = resolve));
  const note = (event: LabEvent): void => {
    switch (event.event) {
      case 'promise-begun':
        running.set(tethered, `the promise ${event.id} (${name})`);
        return;
      case 'promise-tried': {
        const { id, outcome, tookMs } = event;
        tries.push({ id, report: reportTry(lab, outcome, tookMs) });
        process.stderr.write(`verify: ${name}: ${id} ${outcome.kind} (${(tookMs / 1000).toFixed(1)} s)\n`);
        return;
      }
      case 'verified':
        finish('verified');
        return;
      case 'failure':
        finish(
          new Failure(event.kind, event.message, {
            detail: event.detail,
            ...(event.hint && { hint: event.hint }),
          }),
        );
        return;
      default:
        return;
    }
  };
  process.stderr.write(`verify: ${name}: starting\n`);
  const tethered = new TetheredLab(spec, note);
  running.set(tethered, `the nodes of a lab (${name})`);
  const final = await Promise.race([word, tethered.endedEarly()]);
  await tethered.end();
  running.delete(tethered);
  if (final instanceof Failure) throw final;
  return tries;
}
