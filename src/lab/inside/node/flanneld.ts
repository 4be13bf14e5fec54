import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeInterface } from '../../plan/commands.ts';
import type { FlanneldPlan } from '../../plan/flanneld.ts';
import type { NodePlan } from '../../plan/topology.ts';
import { logFileOf, nodeSubnetFile, pathInLab, type LabSpec } from '../../protocol.ts';
import type { LabTrouble } from '../../report/report.ts';
import type { Changes } from '../changes.ts';
import { RunningProgram, type ProgramState } from '../running-program.ts';
import { nodeEnvironment } from './environment.ts';
import { runInHost, type Holder } from './holder.ts';
import type { NodeDaemon } from './node-daemon.ts';
import { publicOptions } from './node-spec.ts';

/** The time between two looks for the subnet file, in milliseconds. */
const lookEveryMs = 50;

/** One run of flanneld in a node. It is ready when it has written its subnet file. */
export class LabFlanneld implements NodeDaemon {
  readonly kind = 'flanneld';
  readonly node: string;
  readonly #program: RunningProgram;

  constructor(plan: NodePlan, holder: Holder, spec: LabSpec, { options }: FlanneldPlan, changes: Changes) {
    const node = plan.name;
    this.node = node;
    const file = pathInLab(node, nodeSubnetFile);
    // The file of an earlier daemon would look like this one's.
    rmSync(file, { force: true });
    const own = [`-iface=${nodeInterface}`, `-subnet-file=${nodeSubnetFile}`, ...publicOptions(plan)];
    const words = ['flanneld', ...options, ...own];
    const start = {
      command: runInHost(holder, words),
      cwd: '/',
      environment: nodeEnvironment(node, process.env, spec.store),
      logFile: logFileOf(node),
    };
    this.#program = new RunningProgram(start, changes);
    void this.#awaitFile(file);
  }

  get pid(): number {
    return this.#program.pid;
  }

  get state(): ProgramState {
    return this.#program.state;
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  trouble(otherwise: string): LabTrouble {
    const { state, lastLines } = this.#program;
    const how = state.kind === 'ended' ? `its flanneld ${state.how}` : otherwise;
    const detail = lastLines.length === 0 ? {} : { detail: lastLines.join('\n') };
    return { node: this.node, kind: 'lab-failed', message: `${this.node}: ${how}`, ...detail };
  }

  async #awaitFile(file: string): Promise<void> {
    while (this.#program.state.kind === 'starting') {
      const text = await readFile(file, 'utf8').catch(() => '');
      if (text !== '') this.#program.becomeReady();
      else await delay(lookEveryMs);
    }
  }
}
