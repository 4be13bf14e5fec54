import { InvalidArgumentError, Option, type Command } from 'commander';
import { underlays, type FamilyChoice, type UnderlayKind } from '../../lab/plan/request.ts';
import { parameterOption, wholeNumber } from '../arguments/options.ts';
import { readParameterSources } from '../arguments/parameter-sources.ts';
import type { VerifyReport } from '../../lab/verify/report.ts';
import { familyOption, readFamily, reportOption } from './options.ts';
import { readTopologyOption, topologyOption } from './topology.ts';

interface VerifyOptions {
  readonly only: readonly string[];
  readonly underlay: readonly UnderlayKind[];
  readonly topology?: string;
  readonly families: readonly FamilyChoice[];
  readonly param?: readonly string[];
  readonly timeout: number;
  readonly report?: string;
  readonly json?: true;
}

/** Adds `heddle lab verify`. */
export function registerVerify(lab: Command): void {
  lab
    .command('verify')
    .summary('try every promise that a recipe makes to its operator, and show a table')
    .description(
      'Tries every promise that a recipe makes to its operator, in a lab for each underlay and each family that the recipe has. Shows a table: kept or not, with the reason and the line of the recipe. Exits with 0 if every promise is kept.',
    )
    .argument('<recipe>', 'a recipe file, or the name of a shipped recipe')
    .addOption(
      new Option('--only <row>', 'try this promise only; repeat it for more')
        .argParser(collect)
        .default([], 'all'),
    )
    .addOption(
      repeated(
        new Option('--underlay <kind>', 'how the nodes are connected; repeat it for more'),
        underlays,
      ).default([], 'both'),
    )
    .addOption(topologyOption().conflicts('underlay'))
    .addOption(
      familyOption('--family, --families <family>', 'the address families of the network; repeat it for more')
        .argParser((value: string, others: readonly FamilyChoice[]) => [...others, readFamily(value)])
        .default([], 'all that the recipe has'),
    )
    .addOption(parameterOption())
    .option('--timeout <seconds>', 'how long to wait until the nodes are ready', wholeNumber(1, 3600), 30)
    .addOption(reportOption())
    .option('--json', 'print one JSON object')
    .action(async (recipe: string, options: VerifyOptions) => {
      const { verifyRecipe } = await import('../../lab/verify/run.ts');
      const { only, underlay, topology, families, param = [], timeout, json = false } = options;
      const request = {
        recipe,
        only,
        underlays: underlay,
        topology: await readTopologyOption(topology),
        families,
        parameters: readParameterSources(param, {}),
        timeoutSeconds: timeout,
      };
      process.exitCode = await verifyRecipe(request, json, await visitorOf(options.report));
    });
}

/** Writes the report of the promises to a file, if one is given. Throws a Failure if the file cannot be written. */
async function visitorOf(
  file: string | undefined,
): Promise<((report: VerifyReport, text: string) => Promise<void>) | undefined> {
  if (file === undefined) return undefined;
  const [{ requireWritable, writeReport }, { describePromises }] = await Promise.all([
    import('../../page/report-file.ts'),
    import('../../page/lab/describe-promises.ts'),
  ]);
  await requireWritable(file);
  return (report, text) =>
    writeReport(file, describePromises(report, text), report.passed ? undefined : 'lab-failed');
}

/** Collects the values of an option that may be repeated. */
function collect(value: string, others: readonly string[]): readonly string[] {
  return [...others, value];
}

/** Lets an option be repeated, each time with one of the choices, which the help lists. */
function repeated(option: Option, choices: readonly string[]): Option {
  return option.choices(choices).argParser((value: string, others: readonly string[]) => {
    if (choices.includes(value)) return collect(value, others);
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  });
}
