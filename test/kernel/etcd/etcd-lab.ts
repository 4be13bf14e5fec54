import type { TestContext } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';

import { Etcd3 } from 'etcd3';

import { askFor } from '../../../src/lab/process/control-client.ts';
import { etcdDirectory, etcdSocketName, pathInLab, type FaultVerb } from '../../../src/lab/protocol.ts';
import { FaultLab, type FaultNode } from '../faults/fault-lab.ts';
import { vxlan } from '../faults/overlays.ts';
import type { LoggedEvent } from '../harness/daemon.ts';
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

  /** Waits until a node's kernel has exactly the peers that the leases ask for, and until its log has told all of it. */
  async converged(node: FaultNode): Promise<void> {
    const wanted = async (): Promise<State> => {
      const leases = (await this.keys.list()).map(({ key, value }) => {
        const { PublicIP, BackendData } = JSON.parse(value) as {
          PublicIP: string;
          BackendData: { VtepMAC: string };
        };
        return { key, publicIp: PublicIP, backendType: 'vxlan', backendData: BackendData };
      });
      const peers = leases.filter(({ publicIp }) => publicIp !== node.publicIp);
      return {
        entries: peers.flatMap((peer) => vxlan.entriesOf(peer)).sort(),
        told: peers.map(({ key }) => key).sort(),
      };
    };
    const present = async (): Promise<State> => ({
      entries: await node.entries(),
      told: toldPeers(await node.log()),
    });
    await until(
      `${node.name} to have its peers in place`,
      async () => isDeepStrictEqual(await present(), await wanted()),
      async () =>
        `${inspect(await present())}\nand not\n${inspect(await wanted())}\n${await node.lastWords()}`,
    );
  }
}

interface State {
  readonly entries: readonly string[];
  /** The keys of the peers that are in place. */
  readonly told: readonly string[];
}

/** The peers that are in place, as the log tells it. The kernel has an entry before the log has its line. */
function toldPeers(log: readonly LoggedEvent[]): readonly string[] {
  const told = new Set<string>();
  for (const event of log) {
    if (event.event === 'peer-added') told.add(event.peer.key);
    if (event.event === 'peer-removed') told.delete(event.peer.key);
    if (event.event !== 'batch-applied') continue;
    for (const { key } of event.removed) told.delete(key);
    for (const { key } of event.added) told.add(key);
  }
  return [...told].sort();
}
