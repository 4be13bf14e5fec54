import { Failure } from '../../diagnostic/failure.ts';
import type { Changes } from './changes.ts';
import { cutCommands, joinCommands } from '../plan/commands.ts';
import type { DaemonKind } from '../plan/request.ts';
import type { HostPlan, SegmentPlan } from '../plan/topology.ts';
import type { FaultRecord, FaultVerb, LinkState } from '../protocol.ts';
import type { LabTrouble } from '../report/report.ts';
import { runIpBatch } from './lab-program.ts';
import type { RunningProgram } from './running-program.ts';

/** The time that a daemon has to take its network down, in milliseconds. */
const stopMs = 15_000;

/** A host of the lab, and the program in it. */
export interface FaultTarget {
  readonly plan: HostPlan;
  /** The name of the program in messages. */
  readonly what: 'daemon' | 'server';
  readonly running: Pick<RunningProgram, 'state' | 'pid' | 'signal'>;
  link: LinkState;
  /**
   * Starts the program again after it has ended, with further options, and waits until it is ready. A node may start another kind of daemon.
   * Throws a {@link Failure}.
   */
  restart(options?: readonly string[], kind?: DaemonKind): Promise<void>;
  /** The reason why the program does not work; `otherwise` if it did not report one. */
  trouble(otherwise: string): LabTrouble;
}

/** The most changes that a lab remembers. */
const mostFaults = 500;

/** The changes that somebody made to a running lab. */
export class FaultBook {
  readonly #faults: FaultRecord[] = [];

  get all(): readonly FaultRecord[] {
    return this.#faults;
  }

  note(host: string, what: string): void {
    this.#faults.push({ at: new Date().toISOString(), host, what });
    if (this.#faults.length > mostFaults) this.#faults.shift();
  }
}

/** The parts of a lab that a fault needs. */
interface FaultyLab {
  readonly changes: Changes;
  readonly faults: FaultBook;
  readonly spec: { readonly topology: { readonly segments: readonly SegmentPlan[] } };
}

/**
 * Carries out a fault on a host. `kind` is the daemon that a node starts; without it, the node starts the same one as before. Returns one sentence about
 * the result; throws a {@link Failure}.
 */
export async function applyFault(
  lab: FaultyLab,
  verb: FaultVerb,
  target: FaultTarget,
  kind?: DaemonKind,
): Promise<string> {
  const sentence = await carryOut(lab, verb, target, kind);
  lab.faults.note(target.plan.name, sentence);
  return sentence;
}

async function carryOut(
  { changes, spec }: FaultyLab,
  verb: FaultVerb,
  target: FaultTarget,
  kind: DaemonKind | undefined,
): Promise<string> {
  const { plan, what, running } = target;
  const { name } = plan;
  switch (verb) {
    case 'stop': {
      requireRunning(target);
      const trouble = await stopProgram(changes, target);
      if (trouble) throw new Failure(trouble.kind, trouble.message, trouble);
      return `${name}: ${what} stopped.`;
    }
    case 'kill':
      requireRunning(target);
      running.signal('SIGKILL');
      await changes.until(() => running.state.kind === 'ended', stopMs);
      return `${name}: ${what} killed.`;
    case 'start':
      if (running.state.kind !== 'ended') {
        throw new Failure(
          'already-running',
          `${name}'s ${what} is already running, as process ${running.pid}`,
          { hint: 'to start it again, stop or kill it first' },
        );
      }
      if (kind !== undefined && what === 'server') {
        throw new Failure('usage', `${name} is the server of the store, and does not run ${kind}`, {
          hint: 'leave out --with',
        });
      }
      await target.restart([], kind);
      return `${name}: ${kind ?? what} ready.`;
    case 'cut':
      await runIpBatch(undefined, cutCommands(plan));
      target.link = 'cut';
      return `${name}: disconnected from the underlay.`;
    case 'join':
      await runIpBatch(undefined, joinCommands(plan, spec.topology.segments));
      target.link = 'joined';
      return `${name}: connected to the underlay.`;
  }
}

function requireRunning({ plan, what, running }: FaultTarget): void {
  if (running.state.kind === 'ended') {
    throw new Failure('not-running', `${plan.name}'s ${what} is not running: it ${running.state.how}`, {
      hint: 'start it with heddle lab start',
    });
  }
}

/** Tells a program to end; a daemon takes its network down. Returns the trouble, if any; afterwards the program is gone in any case. */
export async function stopProgram(changes: Changes, target: FaultTarget): Promise<LabTrouble | undefined> {
  const { plan, what, running } = target;
  running.signal('SIGTERM');
  const ended = (): boolean => running.state.kind === 'ended';
  if (!(await changes.until(ended, stopMs))) {
    running.signal('SIGKILL');
    await changes.until(ended, stopMs);
    const message = `${plan.name}'s ${what} did not end within ${stopMs / 1000} s of SIGTERM, and was killed`;
    return { node: plan.name, kind: 'lab-failed', message };
  }
  if (running.state.kind === 'ended' && running.state.asTold) return undefined;
  return target.trouble(`its ${what} did not stop properly`);
}
