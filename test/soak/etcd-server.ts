import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import type { Host } from '../kernel/harness/host.ts';
import { until } from '../support/until.ts';
import type { StoredLease } from './entries.ts';
import { network } from './network.ts';
import { send, startOn, type HostProgram } from './processes.ts';

/** etcd 3.4 and 3.5 say it differently. */
const ready = /serving client traffic (?:in)?securely/;
const socketName = 'etcd:1';
/** In the host's memory, where syncing costs nothing. Without syncing, an etcd that is killed would lose what it confirmed. */
const dataDirectory = '/run/etcd';
const port = 2379;
const subnets = `${network.prefix}/subnets/`;

/** A change of one lease; without a value, its removal. */
export interface Write {
  readonly key: string | Buffer;
  readonly value?: string | Buffer;
  /** After so many seconds etcd removes the lease. */
  readonly ttlSeconds?: number;
}

/** A real etcd on a host, which is stopped, killed, cut off and started again. The soak's own requests pass every cut. */
export class SoakEtcd {
  readonly endpoint: string;
  readonly #host: Host;
  readonly #directory: string;
  readonly #logFile: string;
  #program: HostProgram | undefined;
  #client: Etcd3 | undefined;

  /** @param directory for the socket; no namespace is in the way of a socket's path */
  constructor(host: Host, directory: string, logFile: string) {
    this.#host = host;
    this.#directory = directory;
    this.#logFile = logFile;
    this.endpoint = `http://${host.publicIp}:${port}`;
  }

  /** Starts etcd and waits until it serves. */
  async start(): Promise<void> {
    const from = existsSync(this.#logFile) ? statSync(this.#logFile).size : 0;
    const command = [
      ...['env', `--chdir=${this.#directory}`, 'etcd', '--data-dir', dataDirectory, '--logger', 'zap'],
      ...['--heartbeat-interval', '100', '--election-timeout', '1000'],
      ...['--listen-client-urls', `http://0.0.0.0:${port},unix://${socketName}`],
      ...['--advertise-client-urls', this.endpoint],
    ];
    // etcd does not remove the socket of a predecessor that was killed.
    rmSync(join(this.#directory, socketName), { force: true });
    const program = await startOn(this.#host, command, this.#logFile);
    this.#program = program;
    void program.ended.then(() => (program === this.#program ? (this.#program = undefined) : undefined));
    const serves = (): boolean => {
      if (ready.test(this.#logFrom(from))) return true;
      if (this.#program !== undefined) return false;
      throw new Error(`etcd ended before it was ready:\n${this.#logFrom(from)}`);
    };
    await until('etcd to serve', serves, () => this.#logFrom(from));
    this.#client = new Etcd3({ hosts: `unix:${join(this.#directory, socketName)}` });
  }

  freeze(): void {
    send(this.#running.pid, 'SIGSTOP');
  }

  thaw(): void {
    send(this.#running.pid, 'SIGCONT');
  }

  async kill(): Promise<void> {
    const { pid, ended } = this.#running;
    this.#client?.close();
    this.#program = undefined;
    send(pid, 'SIGKILL');
    await ended;
  }

  /** Takes the link of the host down. */
  async cut(): Promise<void> {
    await this.#host.sh('ip link set eth0 down');
  }

  async join(): Promise<void> {
    await this.#host.sh('ip link set eth0 up');
  }

  /** Swallows every packet to an address. */
  async cutFrom(address: string): Promise<void> {
    await this.#host.sh(`ip route add blackhole ${address}`);
  }

  async joinTo(address: string): Promise<void> {
    await this.#host.sh(`ip route delete blackhole ${address}`);
  }

  /** Forgets everything that has been, except what is. */
  async compact(): Promise<void> {
    const { header } = await this.#requests.kv.range({ key: Buffer.from('x') });
    await this.#requests.kv.compact({ revision: header.revision, physical: true });
  }

  async setNetwork(): Promise<void> {
    await this.#requests.put(`${network.prefix}/config`).value(JSON.stringify(network.document));
  }

  /** All leases whose key is text, in the order of their keys. */
  async list(): Promise<readonly StoredLease[]> {
    const found = await this.#requests.getAll().prefix(subnets).strings();
    return Object.entries(found).map(([path, value]) => ({ key: path.slice(subnets.length), value }));
  }

  /** Makes changes, in one transaction. At most 128. */
  async write(writes: readonly Write[]): Promise<void> {
    const leases = new Map<number, string>();
    for (const { ttlSeconds } of writes) {
      if (ttlSeconds === undefined || leases.has(ttlSeconds)) continue;
      const { ID } = await this.#requests.leaseClient.leaseGrant({ TTL: ttlSeconds });
      leases.set(ttlSeconds, ID);
    }
    const success = writes.map(({ key, value, ttlSeconds }) => {
      const path = Buffer.concat([Buffer.from(subnets), Buffer.from(key)]);
      if (value === undefined) return { request_delete_range: { key: path } };
      const lease = leases.get(ttlSeconds ?? 0);
      return { request_put: { key: path, value: Buffer.from(value), ...(lease !== undefined && { lease }) } };
    });
    await this.#requests.kv.txn({ success });
  }

  async close(): Promise<void> {
    if (this.#program !== undefined) await this.kill();
  }

  get #running(): HostProgram {
    if (this.#program === undefined) throw new Error('etcd does not run');
    return this.#program;
  }

  get #requests(): Etcd3 {
    if (this.#client === undefined) throw new Error('etcd was not started');
    return this.#client;
  }

  #logFrom(offset: number): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile).subarray(offset).toString() : '';
  }
}
