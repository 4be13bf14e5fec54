import type { Command } from 'commander';
import type { ScenarioLab } from '../../lab/plan/scenario/scenario.ts';
import type { LabVisitor } from '../../lab/run.ts';
import { reportOption } from './options.ts';
import { addStartOptions, toRequest, type StartOptions } from './start-options.ts';
import { readTopologyOption } from './topology.ts';

interface RunOptions extends StartOptions {
  readonly keepFailed?: true;
  readonly scenario?: string;
  readonly report?: string;
}

/** Adds `heddle lab run`. */
export function registerRun(lab: Command): void {
  addStartOptions(lab.command('run'))
    .option('--keep-failed', 'if a test fails, keep the lab with its running daemons, to look inside')
    .option(
      '--scenario <file>',
      'do the steps of this file, or of a scenario that comes with heddle, in place of the tests: faults, changes and expectations; see docs/lab.md',
    )
    .addOption(reportOption())
    .summary('create a lab, test the connections between all pods, take the lab down, report')
    .description(
      'Creates a lab, tests the connections between all pods, takes the lab down and reports. Exits with 0 if every pair answered and nothing was left behind.',
    )
    .action(async (recipe: string, options: RunOptions, command: Command) => {
      const { scenario, json = false, keepFailed: keepsFailed = false } = options;
      const name = `run-${process.pid}`;
      const visitor = await visitorOf(options.report);
      if (scenario === undefined) {
        const { runLab } = await import('../../lab/run.ts');
        process.exitCode = await runLab(
          { ...(await toRequest('run', name, recipe, options)), keepsFailed },
          json,
          visitor,
        );
        return;
      }
      const [{ loadScenario }, { runScenario }] = await Promise.all([
        import('../../lab/scenario/load-scenario.ts'),
        import('../../lab/scenario/run.ts'),
      ]);
      const loaded = await loadScenario(scenario, {
        given: givenLab(options, command),
        topology: await readTopologyOption(options.topology),
        hasFlanneld: options.flanneld !== undefined,
      });
      const settings = { ...options, ...withoutAbsent(loaded.scenario.lab) };
      const request = await toRequest('run', name, recipe, settings, loaded.topology);
      process.exitCode = await runScenario({ ...request, keepsFailed }, loaded, json, visitor);
    });
}

/** Writes the report of a run to a file, if one is given. Throws a Failure if the file cannot be written. */
async function visitorOf(file: string | undefined): Promise<LabVisitor | undefined> {
  if (file === undefined) return undefined;
  const [{ requireWritable }, { reportTo }] = await Promise.all([
    import('../../page/report-file.ts'),
    import('../../page/lab/report-visitor.ts'),
  ]);
  await requireWritable(file);
  return reportTo(file);
}

/** The settings of a lab that the command line gives, so that a scenario does not decide about them. */
function givenLab(options: StartOptions, command: Command): Partial<ScenarioLab> {
  const { nodes, underlay, store, leaseTtl, checkInterval, flanneldNodes } = options;
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  return {
    ...(isGiven('nodes') && { nodes }),
    ...(isGiven('underlay') && { underlay }),
    ...(isGiven('store') && { store }),
    ...(leaseTtl !== undefined && { leaseTtl }),
    ...(checkInterval !== undefined && { checkInterval }),
    ...(flanneldNodes !== undefined && { flanneldNodes }),
  };
}

/** The settings of a scenario's lab as options. */
function withoutAbsent(settings: ScenarioLab): Partial<StartOptions> {
  const { leaseTtl, checkInterval, onExit, flanneldNodes, ...lab } = settings;
  return {
    ...lab,
    ...(leaseTtl !== undefined && { leaseTtl }),
    ...(checkInterval !== undefined && { checkInterval }),
    ...(onExit !== undefined && { onExit }),
    ...(flanneldNodes !== undefined && { flanneldNodes }),
  };
}
