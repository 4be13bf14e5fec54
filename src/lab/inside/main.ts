/**
 * The program inside a lab, which the lab's first process runs. Its stdin is a tether: the first line is the {@link LabSpec}, and its end
 * ends the lab, unless `keep` came before.
 */
import { createInterface } from 'node:readline';
import { Failure } from '../../diagnostic/failure.ts';
import { keepLine, proceedLine, type LabEvent, type LabSpec, type RecipeOrder } from '../protocol.ts';
import { serveControl } from './control.ts';
import { describeFailure, Lab } from './lab.ts';
import { AuthorLoop } from './author-loop.ts';
import { proveLab, startAgents } from './run-lab.ts';
import { playScenario } from './scenario/play-scenario.ts';
import { verifyLab } from '../verify/verify-lab.ts';
import { stopProgram } from './faults.ts';

function tell(event: LabEvent): void {
  process.stdout.write(JSON.stringify(event) + '\n');
}

/** Ends the lab: the lab's first process ends with this one, and the kernel ends everything else. */
function endLab(): void {
  process.exit(0);
}

async function build(spec: LabSpec): Promise<Lab> {
  const lab = await Lab.build(spec, tell, () => spec.purpose === 'verify');
  running = lab;
  await serveControl(lab);
  process.on('SIGTERM', () => void endInOrder(lab));
  return lab;
}

/** Takes every network down before the end, so that recipes can run their ShutdownCommand. */
async function endInOrder(lab: Lab): Promise<void> {
  await Promise.all(lab.nodes.map((node) => stopProgram(lab.changes, node)));
  endLab();
}

/** Waits for the nodes of a lab, and reports the result. Returns whether every node came up. */
async function standUp(lab: Lab): Promise<boolean> {
  const troubles = await lab.becomeReady(tell);
  const readyMs = troubles.length === 0 && (await lab.becomeAcquainted()) ? lab.age : null;
  tell({ event: 'up', nodes: lab.reports(), readyMs, troubles });
  return troubles.length === 0;
}

async function live(spec: LabSpec): Promise<void> {
  const lab = await build(spec);
  switch (spec.purpose) {
    case 'run':
      if (spec.scenario === undefined) await proveLab(lab, tell);
      else await playScenario(lab, spec.scenario, tell);
      // The reader of the report ends the lab by closing the tether.
      return;
    case 'up':
      await standUp(lab);
      return;
    case 'verify':
      await verifyLab(lab, tell);
      return;
    case 'watch': {
      const loop = new AuthorLoop(lab, startAgents(lab), tell);
      if (!(await standUp(lab))) return;
      await loop.begin();
      authorLoop = loop;
      return;
    }
  }
}

function fail(error: unknown): void {
  tell({ event: 'failure', ...describeFailure(error) });
}

let kept = false;
let spec: LabSpec | undefined;
let authorLoop: AuthorLoop | undefined;
let running: Lab | undefined;
// Once the lab is kept, the process that started it is gone, and so are the readers of these streams.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === keepLine) kept = true;
    else if (line === proceedLine) running?.proceed();
    else if (spec === undefined) {
      spec = JSON.parse(line) as LabSpec;
      live(spec).catch(fail);
    } else if (authorLoop !== undefined) authorLoop.take(JSON.parse(line) as RecipeOrder).catch(fail);
    else fail(new Failure('internal', 'the lab received an unknown request'));
  })
  .on('close', () => {
    if (!kept) endLab();
  });
