import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createOneShotShell } from '../../../src/shell/one-shot-shell.ts';
import type { Shell } from '../../../src/shell/shell.ts';
import { endChild } from '../../support/end-child.ts';
import { until } from '../../support/until.ts';

const makeDevice = [
  'ip link add vx type vxlan id 7 dstport 4789 local 127.0.0.1 nolearning',
  'ip link set vx up',
  'ip address add 10.9.0.0/32 dev vx',
].join('\n');

/** A network namespace with the VXLAN device `vx`, and nothing else. */
export class VxlanNamespace {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async make(): Promise<VxlanNamespace> {
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const namespace = new VxlanNamespace(holder);
    let isMade = false;
    holder.stdout.once('data', () => (isMade = true));
    await until('the namespace is made', () => isMade);
    namespace.run(makeDevice);
    return namespace;
  }

  /** A shell whose commands run here. */
  get shell(): Shell {
    return createOneShotShell({
      program: { file: 'nsenter', name: 'nsenter', arguments: [this.#net, 'sh'] },
    });
  }

  /** Makes the device again, without entries. */
  clear(): void {
    this.run(`ip link delete vx\n${makeDevice}`);
  }

  /** Runs shell text that has to succeed; returns what it prints. */
  run(text: string, environment: Readonly<Record<string, string>> = {}, input = ''): string {
    return execFileSync('nsenter', [this.#net, 'sh', '-ec', text], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
      input,
    });
  }

  /** The routes, neighbours and FDB entries of the device, sorted. */
  get entries(): readonly string[] {
    return this.run('ip route show dev vx; ip neigh show dev vx nud permanent; bridge fdb show dev vx')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .sort();
  }

  async end(): Promise<void> {
    await endChild(this.#holder, 'SIGKILL');
  }

  get #net(): string {
    return `--net=/proc/${this.#holder.pid}/ns/net`;
  }
}
