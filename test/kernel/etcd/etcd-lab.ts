import type { TestContext } from 'node:test';

import { Etcd3 } from 'etcd3';

import { askFor } from '../../../src/lab/process/control-client.ts';
import { etcdDirectory, etcdSocketName, pathInLab, type FaultVerb } from '../../../src/lab/protocol.ts';
import { FaultLab, type FaultNode } from '../faults/fault-lab.ts';
import { vxlan } from '../faults/overlays.ts';
import { until } from '../../support/until.ts';
import { EtcdKeys } from './etcd-keys.ts';

/** A lab of two vxlan nodes whose leases are in an etcd of its own. It is gone when the test is over. */
export class EtcdLab {
  readonly first: FaultNode;
  readonly second: FaultNode;
  /** By a way that no cut of the lab's underlay is in. */
  readonly keys: EtcdKeys;
  readonly #lab: FaultLab;

  private constructor(lab: FaultLab, keys: EtcdKeys) {
    this.#lab = lab;
    [this.first, this.second] = lab.both;
    this.keys = keys;
  }

  /** `options` are of `heddle lab up`. */
  static async up(t: TestContext, options: readonly string[] = []): Promise<EtcdLab> {
    const lab = await FaultLab.up(t, vxlan, ['--store', 'etcd', ...options]);
    const socketPath = lab.path(pathInLab('etcd', `${etcdDirectory}/${etcdSocketName}`));
    const client = new Etcd3({ hosts: `unix:${socketPath}` });
    t.after(() => client.close());
    return new EtcdLab(lab, new EtcdKeys(client));
  }

  get both(): readonly FaultNode[] {
    return [this.first, this.second];
  }

  /** Has the lab do something to its etcd. */
  async etcd(verb: FaultVerb): Promise<void> {
    await askFor({ name: 'of the test', pid: this.#lab.pid }, { request: verb, node: 'etcd' });
  }

  kill = (node: FaultNode): Promise<string> => this.#lab.kill(node);
  start = (node: FaultNode): Promise<string> => this.#lab.start(node);
  cut = (node: FaultNode): Promise<string> => this.#lab.cut(node);
  join = (node: FaultNode): Promise<string> => this.#lab.join(node);

  /** Forgets everything that has been, but what is. */
  async compact(): Promise<void> {
    const { header } = await this.keys.client.kv.range({ key: Buffer.from('x') });
    await this.keys.client.kv.compact({ revision: header.revision, physical: true });
  }

  /** Waits until a node's kernel has exactly the peers that the leases ask for. */
  async converged(node: FaultNode): Promise<void> {
    const wanted = async (): Promise<readonly string[]> => {
      const leases = (await this.keys.list()).map(({ key, value }) => {
        const { PublicIP, BackendData } = JSON.parse(value) as {
          PublicIP: string;
          BackendData: { VtepMAC: string };
        };
        return { key, publicIp: PublicIP, backendType: 'vxlan', backendData: BackendData };
      });
      const peers = leases.filter(({ publicIp }) => publicIp !== node.publicIp);
      return peers.flatMap((peer) => vxlan.entriesOf(peer)).sort();
    };
    await until(
      `${node.name} to have its peers in place`,
      async () => String(await wanted()) === String(await node.entries()),
      async () =>
        `${String(await node.entries())}\nand not\n${String(await wanted())}\n${await node.lastWords()}`,
    );
  }
}
