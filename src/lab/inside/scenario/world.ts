import type { ScenarioPlan } from '../../protocol.ts';
import type { Lab } from '../lab.ts';
import type { PodAgent } from '../probe/pod-agent.ts';
import type { RecipeChanger } from './recipe-changer.ts';
import type { RunningPings } from './running-pings.ts';

/** The lab of a scenario, and what its steps share. */
export interface ScenarioWorld {
  readonly lab: Lab;
  readonly plan: ScenarioPlan;
  readonly agents: ReadonlyMap<string, PodAgent>;
  readonly pings: RunningPings;
  readonly recipes: RecipeChanger;
}
