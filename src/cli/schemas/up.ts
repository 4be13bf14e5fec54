import * as z from 'zod/mini';
import { commandNames } from '../../recipe/recipe.ts';
import type { StartPlan } from '../up/plan-start.ts';
import type { PrintedConfiguration } from '../up/print-config.ts';
import { described, schemaOf } from './schema-of.ts';

const option = z.strictObject({
  name: described(z.string(), 'The option, such as `--iface`, or `--param NAME` for a parameter.'),
  value: described(
    z.nullable(z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    'The value in force; `***` for what is or may be a secret; null for none.',
  ),
  from: described(z.enum(['option', 'variable', 'file', 'default']), 'Where the value comes from.'),
  source: described(
    z.nullable(z.string()),
    'The variable, the file, the option that implies this one, or what the default means; null if `from` says all.',
  ),
});

/** The output of `heddle up --print-config --json`. */
export const configurationSchema = schemaOf<PrintedConfiguration>()(
  z.strictObject({
    options: described(z.array(option), 'Every option that counts here.'),
    warnings: described(z.array(z.string()), 'The warnings about the command line, as the log has them.'),
  }),
);

const recipe = z.strictObject({ name: z.string(), type: z.string(), file: z.string() });

const network = z.strictObject({
  network: described(z.string(), 'The address ranges, joined by `and`.'),
  source: described(z.string(), 'The document that decides.'),
  isNew: described(z.boolean(), 'Whether the document would be written into the store.'),
  parameters: described(
    z.record(z.string(), z.string()),
    'The parameters in force; `***` for a secret that has a value.',
  ),
});

const chosenInterface = z.strictObject({
  name: z.string(),
  mtu: z.number(),
  addresses: described(z.array(z.string()), 'The addresses that this node would send from.'),
  publicAddresses: described(z.array(z.string()), 'The addresses at which peers would reach this node.'),
  because: z.string(),
});

const lease = z.strictObject({
  subnet: described(z.nullable(z.string()), 'Null if the subnet would be picked at random.'),
  how: z.enum(['created', 'reused']),
  because: z.string(),
});

/** The output of `heddle up --dry-run --json`. */
export const planSchema = schemaOf<StartPlan>()(
  z.strictObject({
    daemonRuns: described(z.boolean(), 'Whether a daemon runs here already. A second one is refused.'),
    store: described(z.string(), 'The store, as messages name it.'),
    waitsFor: described(
      z.nullable(z.string()),
      'What the start would wait for. Then all that follows is null or empty. Null for nothing.',
    ),
    recipe: z.nullable(recipe),
    network: z.nullable(network),
    interface: z.nullable(chosenInterface),
    lease: z.nullable(lease),
    earlierNetwork: described(
      z.enum(['none', 'taken-over', 'taken-down']),
      'What becomes of the network that an earlier daemon left up.',
    ),
    peers: z.array(z.strictObject({ subnet: z.string(), publicIp: z.string() })),
    rejected: described(
      z.array(z.strictObject({ key: z.string(), because: z.string() })),
      'The leases that would be rejected.',
    ),
    trafficRules: described(
      z.nullable(
        z.strictObject({
          masquerade: z.boolean(),
          forward: z.boolean(),
          tool: described(
            z.nullable(z.string()),
            'The program that keeps the rules; null if the programs are missing.',
          ),
          places: described(z.array(z.string()), 'The chains or tables, as nouns.'),
          because: described(z.nullable(z.string()), 'Why the rules cannot be set; null if they can.'),
        }),
      ),
      'The rules for masquerading and forwarding that would be set; null if there are none.',
    ),
    commands: described(
      z.array(z.strictObject({ command: z.enum(commandNames), when: z.string(), script: z.string() })),
      'The commands of the recipe that would run.',
    ),
    cniList: described(
      z.nullable(
        z.strictObject({
          path: z.string(),
          template: z.string(),
          isRendered: z.boolean(),
          content: described(
            z.nullable(z.string()),
            'The text of the list; null if it depends on a subnet that would be picked at random.',
          ),
          because: described(
            z.nullable(z.string()),
            'Why the list could not be written, and what to do; null if it could.',
          ),
          passedOver: described(
            z.nullable(z.string()),
            'Which other list the container runtime takes, why, and what to do; null if it takes this one.',
          ),
        }),
      ),
      'The list for the container runtime that would be installed; null if there is none.',
    ),
    files: described(
      z.array(z.strictObject({ path: z.string(), purpose: z.string() })),
      'The files and directories that would be written.',
    ),
    warnings: z.array(z.string()),
  }),
);
