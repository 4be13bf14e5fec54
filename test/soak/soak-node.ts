import { setTimeout as delay } from 'node:timers/promises';
import { askDaemon } from '../../src/daemon/report/control.ts';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { upCommand } from '../kernel/harness/daemon.ts';
import type { Host } from '../kernel/harness/host.ts';
import type { KernelView } from './entries.ts';
import { network } from './network.ts';
import { namespaceOf, processesOn, send, startOn, type HostProgram } from './processes.ts';

export type OnExit = 'leave' | 'shutdown';

/** How long a daemon may take to end after SIGTERM, with all peers to remove on a busy machine. */
const longestEndMs = 60_000;

/** A node of the network: a host with a daemon, which is ended and started again. */
export class SoakNode {
  readonly name: string;
  readonly host: Host;
  /** What went wrong by itself: a daemon that ended, or did not end. */
  readonly troubles: string[] = [];
  readonly #logFile: string;
  readonly #endpoint: string;
  #daemon: HostProgram | undefined;
  /** The link of its network namespace, as /proc shows it. */
  #namespace = '';

  constructor(name: string, host: Host, endpoint: string, logFile: string) {
    this.name = name;
    this.host = host;
    this.#endpoint = endpoint;
    this.#logFile = logFile;
  }

  /** Gives the host directories of its own for temporary files. */
  async prepare(): Promise<void> {
    await this.host.sh(`mkdir ${temporary} ${baitOnHost}; mount -t tmpfs tmpfs /dev/shm`);
  }

  get isRunning(): boolean {
    return this.#daemon !== undefined;
  }

  /** The process of the daemon, as this process numbers it. */
  get pid(): number {
    if (this.#daemon === undefined) throw new Error(`the daemon of ${this.name} does not run`);
    return this.#daemon.pid;
  }

  /** Starts the daemon. Does not wait until it is ready. */
  async start(onExit: OnExit): Promise<void> {
    const [node = '', ...up] = upCommand([
      ...['--store', 'etcd', '--etcd-endpoints', this.#endpoint, '--recipe', 'vxlan'],
      ...['--node-name', this.name, '--on-exit', onExit, '--lease-ttl', String(network.leaseSeconds)],
      ...['--check-interval', String(network.checkSeconds), '--log-format', 'json'],
    ]);
    const daemon = await startOn(this.host, [node, ...v8Options, ...up], this.#logFile, {
      TMPDIR: temporary,
    });
    this.#daemon = daemon;
    this.#namespace = namespaceOf(daemon.pid);
    void daemon.ended.then((exitCode) => {
      if (this.#daemon !== daemon) return;
      this.#daemon = undefined;
      this.troubles.push(`the daemon of ${this.name} ended by itself, with ${String(exitCode)}`);
    });
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    send(this.pid, name);
  }

  async kill(): Promise<void> {
    const { pid, ended } = this.#release();
    send(pid, 'SIGKILL');
    await ended;
  }

  /** Sends SIGTERM and waits for the end. Returns the exit code; undefined if the daemon had to be killed. */
  async terminate(): Promise<number | undefined> {
    const { pid, ended } = this.#release();
    send(pid, 'SIGTERM');
    const late = new AbortController();
    const isLate = delay(longestEndMs, 'late' as const, { signal: late.signal });
    isLate.catch(() => undefined);
    const outcome = await Promise.race([ended, isLate]);
    late.abort();
    if (outcome !== 'late') return outcome;
    this.troubles.push(`the daemon of ${this.name} did not end within ${longestEndMs / 1000} s of SIGTERM`);
    send(pid, 'SIGKILL');
    await ended;
    return undefined;
  }

  async status(): Promise<NodeStatus | undefined> {
    const asked = await askDaemon(`/proc/${this.pid}/root/run/state`, 'GET', '/status');
    return asked as NodeStatus | undefined;
  }

  /** Whether the daemon follows the leases, with one of its own. */
  async hasLease(): Promise<boolean> {
    const state = this.isRunning ? (await this.status())?.state : undefined;
    return state === 'running' || state === 'degraded';
  }

  /** What the kernel has of the network. */
  async look(): Promise<KernelView> {
    const [routes, neighbours, fdb] = (await this.host.sh(lookText)).split('\n\n');
    return {
      routes: parseList(routes),
      neighbours: parseList(neighbours),
      fdb: parseList(fdb),
    } as KernelView;
  }

  /** The processes of the host, but for its first one: `PID COMMAND`, as this process numbers them. */
  processes(): string[] {
    return processesOn(this.#namespace).filter((line) => !/^\d+ sleep infinity/.test(line));
  }

  /** All processes that are in the host's namespace. */
  remains(): string[] {
    return processesOn(this.#namespace);
  }

  /** The names of files that should not be there once the daemon has ended. */
  async leftFiles(): Promise<string[]> {
    const found = await this.host.lines(leftFilesText);
    return found.map((path) => `${this.name}: ${path}`);
  }

  #release(): HostProgram {
    const daemon = this.#daemon;
    if (daemon === undefined) throw new Error(`the daemon of ${this.name} does not run`);
    this.#daemon = undefined;
    return daemon;
  }
}

/**
 * Without these, V8 lets 45 MB of garbage come and go within minutes, which hides a leak: of seven soaks of two to eight minutes, one
 * exceeded the limit by garbage alone. What heddle keeps is the same with and without them.
 */
const v8Options = ['--optimize-for-size', '--max-semi-space-size=2'];

const temporary = '/run/temporary';
/** What hostile leases would write to. */
export const baitOnHost = '/run/bait';

/** What heddle keeps there for the next start is not left over: an empty folder, and the addresses that it remembers. */
const leftFilesText = `
find ${temporary} /dev/shm ${baitOnHost} -mindepth 1
find /run/state -mindepth 1 -name '.*' ! -name .commands ! -name .addresses.json
find /run/state/.commands -mindepth 1
`;

const lookText = `
ip -j -4 route show root ${network.document.Network}; echo; echo
ip -j neigh show dev flannel.1 2>/dev/null || true; echo; echo
bridge -j fdb show dev flannel.1 2>/dev/null || true
`;

function parseList(text = ''): readonly unknown[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly unknown[]);
}
