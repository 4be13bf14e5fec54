import type { DaemonKind } from '../../plan/request.ts';
import type { LabTrouble } from '../../report/report.ts';
import type { ProgramState, RunningProgram } from '../running-program.ts';

/** A run of the program that brings up the network of a node. */
export interface NodeDaemon extends Pick<RunningProgram, 'pid' | 'signal'> {
  readonly kind: DaemonKind;
  readonly node: string;
  readonly state: ProgramState;
  /** The reason why the daemon does not work, in its own words if it reported any. */
  trouble(otherwise: string): LabTrouble;
}
