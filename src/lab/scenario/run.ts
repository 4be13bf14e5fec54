import { exitCodes } from '../../diagnostic/failure.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import type { LabRequest } from '../prepare.ts';
import { renderTroubles } from '../report/render.ts';
import { renderScenario } from '../report/render-scenario.ts';
import { labEndOf, failureKind, leaveFailed, startLab, unexpected, type LabVisitor } from '../run.ts';
import type { LoadedScenario } from './load-scenario.ts';
import { prepareScenario } from './plan-scenario.ts';

/** `lab run --scenario`: makes a lab, does the steps of a scenario, ends the lab, and reports. Returns the exit code. */
export async function runScenario(
  request: LabRequest,
  loaded: LoadedScenario,
  json: boolean,
  visitor?: LabVisitor,
): Promise<number> {
  const colour = usesColour(process.stdout);
  const { tethered, spec, final } = await startLab(request, {
    prepare: (wanted) => prepareScenario(wanted, loaded),
    visitor,
  });
  if (final.event !== 'scenario-report') throw unexpected();
  const { report, troubles } = final;
  const whereToLook = report.passed ? undefined : await leaveFailed(request, tethered);
  if (report.passed) await tethered.end();
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    if (troubles.length > 0) process.stderr.write(`${renderTroubles(troubles, { colour: false })}\n`);
    else for (const reason of report.reasons) process.stderr.write(`${reason}\n`);
  } else process.stdout.write(renderScenario(report, troubles, loaded.file, { colour }));
  if (whereToLook !== undefined) process.stderr.write(`${whereToLook}\n`);
  await visitor?.see(spec, labEndOf(request, report, troubles));
  return report.passed ? 0 : exitCodes[failureKind(troubles)];
}
