import { Failure } from '../../diagnostic/failure.ts';
import { cutCommands, joinCommands } from '../plan/commands.ts';
import type { FaultVerb } from '../protocol.ts';
import type { LabTrouble } from '../report.ts';
import type { Lab } from './lab.ts';
import type { LabNode } from './node.ts';
import { runIpBatch } from './run-program.ts';

/** How long a daemon may take to take its network down. */
const stopMs = 15_000;

/** Does to a node what a fault script asks. Returns one sentence on what was done; throws a {@link Failure}. */
export async function applyFault(lab: Lab, verb: FaultVerb, node: LabNode): Promise<string> {
  const { name } = node.plan;
  switch (verb) {
    case 'stop': {
      requireDaemon(node);
      const trouble = await stopDaemon(lab, node);
      if (trouble) throw new Failure(trouble.kind, trouble.message, trouble);
      return `${name}: daemon stopped.`;
    }
    case 'kill': {
      requireDaemon(node);
      const { daemon } = node;
      daemon.signal('SIGKILL');
      await lab.changes.until(() => daemon.state.kind === 'ended', stopMs);
      return `${name}: daemon killed.`;
    }
    case 'start':
      if (node.daemon.state.kind !== 'ended') {
        throw new Failure('already-running', `${name}'s daemon runs already, as process ${node.daemon.pid}.`);
      }
      node.restart();
      await node.becomeReady(lab.spec.timeoutMs);
      return `${name}: daemon ready.`;
    case 'cut':
      await runIpBatch(undefined, cutCommands(node.plan));
      node.link = 'cut';
      return `${name}: cut from the underlay.`;
    case 'join':
      await runIpBatch(undefined, joinCommands(node.plan));
      node.link = 'joined';
      return `${name}: joined to the underlay.`;
  }
}

function requireDaemon(node: LabNode): void {
  const { state } = node.daemon;
  if (state.kind === 'ended') {
    throw new Failure('not-running', `${node.plan.name}'s daemon does not run: it ${state.how}.`);
  }
}

/** Has a daemon take its network down and end. Returns what went wrong; afterwards it is gone in any case. */
export async function stopDaemon(lab: Lab, node: LabNode): Promise<LabTrouble | undefined> {
  const { daemon } = node;
  daemon.signal('SIGTERM');
  const ended = (): boolean => daemon.state.kind === 'ended';
  if (!(await lab.changes.until(ended, stopMs))) {
    daemon.signal('SIGKILL');
    await lab.changes.until(ended, stopMs);
    const message = `${node.plan.name}'s daemon did not end within ${stopMs / 1000} s of SIGTERM, and was killed.`;
    return { node: node.plan.name, kind: 'lab-failed', message };
  }
  if (daemon.state.kind === 'ended' && daemon.state.asTold) return undefined;
  return daemon.trouble('its daemon did not stop as it should');
}
