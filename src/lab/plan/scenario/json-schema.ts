import * as z from 'zod/mini';
import type { Json } from '../../../recipe/json/json.ts';
import { scenarioKeys, stepKeys, verbKeys } from './keys.ts';

/** The JSON Schema of scenarios (draft 2020-12), for editors. It comes from the tables by which scenarios are read. */
function scenarioJsonSchema(): Readonly<Record<string, Json>> {
  const oneVerb = Object.keys(verbKeys).map((verb) => ({ required: [verb] }));
  const step = z.strictObject(stepKeys).check(z.meta({ oneOf: oneVerb }));
  const Steps = z
    .array(step)
    .check(z.minLength(1), z.meta({ description: 'The steps, one after the other.' }));
  const schema = z.toJSONSchema(z.strictObject({ ...scenarioKeys, Steps }), {
    target: 'draft-2020-12',
    io: 'input',
  });
  const described = {
    title: 'heddle lab scenario',
    description: 'Faults and expectations for a lab: heddle lab run RECIPE --scenario FILE.',
    ...schema,
  };
  // Through text: what zod returns carries more than JSON.
  return JSON.parse(JSON.stringify(described)) as Record<string, Json>;
}

/** The schema as a file: `scenarios/scenario.schema.json`. */
export function renderScenarioSchema(): string {
  return `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`;
}
