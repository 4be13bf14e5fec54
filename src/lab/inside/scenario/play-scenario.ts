import { describeStep } from '../../plan/scenario/describe-step.ts';
import type { ScenarioStep } from '../../plan/scenario/scenario.ts';
import type { LabEvent, ScenarioPlan } from '../../protocol.ts';
import type { LabTrouble } from '../../report/report.ts';
import type { StepReport } from '../../report/scenario-report.ts';
import { describeFailure, type Lab } from '../lab.ts';
import { startAgents } from '../run-lab.ts';
import { endNodes } from './end-nodes.ts';
import { performStep } from './perform-step.ts';
import { RecipeChanger } from './recipe-changer.ts';
import { RunningPings } from './running-pings.ts';
import type { ScenarioWorld } from './world.ts';

/** Runs `lab run --scenario` after the start of the daemons: waits until they are ready, does the steps, stops them, and compares. */
export async function playScenario(
  lab: Lab,
  plan: ScenarioPlan,
  tell: (event: LabEvent) => void,
): Promise<void> {
  const agents = startAgents(lab);
  const world: ScenarioWorld = {
    lab,
    plan,
    agents,
    pings: new RunningPings(lab),
    recipes: new RecipeChanger(lab, plan.recipes),
  };
  const troubles = [...(await lab.becomeReady(tell))];
  const readyMs = troubles.length === 0 && (await lab.becomeAcquainted()) ? lab.age : null;
  if (readyMs !== null) tell({ event: 'scenario-begun', readyMs, steps: plan.steps.length });
  const steps =
    readyMs === null ? plan.steps.map((step, index) => skip(step, index + 1)) : await play(world, tell);
  const nodes = lab.reports();
  await lab.showTested(tell, { pairs: [], steps });
  world.pings.stop();
  for (const agent of agents.values()) agent.close();

  const failed = steps.find(({ outcome }) => outcome === 'failed');
  const hasFailed = readyMs === null || failed !== undefined;
  const { traces, ends } =
    lab.spec.keepsFailed && hasFailed ? { traces: [], ends: [] } : await end(world, tell);
  troubles.push(...ends);
  const [leftovers, kept] = lab.spec.recipe.shutsDown ? [traces, []] : [[], traces];
  const strangers = `not every node added every other within ${lab.spec.timeoutMs / 1000} s`;
  const reasons = [
    ...troubles.map(({ message }) => message),
    ...(readyMs === null && troubles.length === 0 ? [strangers] : []),
    ...(failed === undefined ? [] : [`step ${failed.number} failed: ${failed.text}: ${failed.note ?? ''}`]),
    ...leftovers.map((trace) => `left behind after the daemon stopped: ${trace}`),
  ];
  const report = {
    scenario: plan.name,
    recipe: lab.spec.recipe.name,
    passed: reasons.length === 0,
    readyMs,
    nodes,
    steps,
    leftovers,
    kept,
    reasons,
  };
  tell({ event: 'scenario-report', report, troubles });
}

async function end(
  { lab, plan }: ScenarioWorld,
  tell: (event: LabEvent) => void,
): Promise<{ readonly ends: readonly LabTrouble[]; readonly traces: readonly string[] }> {
  tell({ event: 'stopping' });
  const { troubles, traces } = await endNodes(lab, plan.leavesNetwork);
  return { ends: troubles, traces };
}

/** Does the steps until one fails. */
async function play(world: ScenarioWorld, tell: (event: LabEvent) => void): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  for (const [index, step] of world.plan.steps.entries()) {
    const number = index + 1;
    if (reports.some(({ outcome }) => outcome === 'failed')) {
      reports.push(skip(step, number));
      continue;
    }
    tell({ event: 'step-begun', number, text: describeStep(step) });
    const report = await tryStep(step, number, world);
    reports.push(report);
    tell({ event: 'step-ended', step: report });
  }
  return reports;
}

async function tryStep(step: ScenarioStep, number: number, world: ScenarioWorld): Promise<StepReport> {
  const beganAt = performance.now();
  const took = (): number => Math.round(performance.now() - beganAt);
  try {
    const note = (await performStep(step.action, world)) ?? null;
    return { ...identify(step, number), outcome: 'done', note, detail: null, tookMs: took() };
  } catch (error) {
    const { message, detail } = describeFailure(error);
    return {
      ...identify(step, number),
      outcome: 'failed',
      note: message,
      detail: detail ?? null,
      tookMs: took(),
    };
  }
}

function skip(step: ScenarioStep, number: number): StepReport {
  return { ...identify(step, number), outcome: 'skipped', note: null, detail: null, tookMs: 0 };
}

function identify(step: ScenarioStep, number: number): Pick<StepReport, 'number' | 'line' | 'kind' | 'text'> {
  return { number, line: step.line, kind: step.action.kind, text: describeStep(step) };
}
