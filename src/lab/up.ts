import { Failure } from '../diagnostic/failure.ts';
import { usesColour } from '../host/terminal-colour.ts';
import type { TetheredLab } from './process/enter.ts';
import { nameArgument } from './plan/request.ts';
import { claimName } from './process/name-lock.ts';
import { saveLogs } from './saved-logs.ts';
import type { LabRequest } from './prepare.ts';
import type { LabSpec } from './protocol.ts';
import { renderNodes, renderTroubles } from './report/render.ts';
import type { LabTrouble, LabUpReport } from './report/report.ts';
import { failureKind, startLab, unexpected } from './run.ts';

/** `lab up`: makes a lab and leaves it running. If a node does not come up, the lab is removed. Returns its plan. */
export async function upLab(request: LabRequest, json: boolean): Promise<LabSpec> {
  await claimName(request.name);
  const colour = usesColour(process.stdout);
  const { tethered, spec, final } = await startLab(request);
  if (final.event !== 'up') throw unexpected();
  const { nodes, readyMs, troubles } = final;
  if (troubles.length > 0) throw await removeFailed(request, tethered, troubles);
  await tethered.keep();
  if (json) {
    const report: LabUpReport = { name: request.name, recipe: request.recipe, readyMs, nodes };
    process.stdout.write(JSON.stringify(report) + '\n');
    return spec;
  }
  const named = nameArgument(request.name);
  const ready = readyMs === null ? 'some nodes do not know every other node yet' : `ready in ${readyMs} ms`;
  process.stdout.write(
    `${renderNodes(nodes, { colour })}\nThe lab ${request.name} is up, ${ready}. Look inside: heddle lab exec${named} node1 -- ip route\nEnd it: heddle lab down${named}\n`,
  );
  return spec;
}

/** Ends a lab that did not come up. */
export async function removeFailed(
  { name }: LabRequest,
  tethered: TetheredLab,
  troubles: readonly LabTrouble[],
): Promise<Failure> {
  const saved = saveLogs(name);
  await tethered.end();
  return new Failure(failureKind(troubles), `the lab ${name} did not come up and was removed`, {
    detail: renderTroubles(troubles, { colour: usesColour(process.stderr) }),
    hint: saved,
  });
}
