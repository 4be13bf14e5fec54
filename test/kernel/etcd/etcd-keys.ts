import type { Etcd3 } from 'etcd3';

/** A lease as flannel's store holds it: the key without what is before it, and the value to the byte. */
export interface Sample {
  readonly key: string;
  readonly value: string;
}

/** etcd's `--max-txn-ops`. */
const mostInTransaction = 128;

/** What tests read and write in an etcd behind everybody's back, by etcd3 alone. */
export class EtcdKeys {
  readonly client: Etcd3;
  readonly prefix: string;

  constructor(client: Etcd3, prefix = '/coreos.com/network') {
    this.client = client;
    this.prefix = prefix;
  }

  /** The same in another network. */
  under(prefix: string): EtcdKeys {
    return new EtcdKeys(this.client, prefix);
  }

  async setNetwork(document: object): Promise<void> {
    await this.client.put(`${this.prefix}/config`).value(JSON.stringify(document));
  }

  /** Writes a lease as flanneld does, on an etcd lease of its own; without a TTL it is a reservation. */
  async put({ key, value }: Sample, ttlSeconds?: number): Promise<void> {
    const put = this.client.put(this.#path(key)).value(value);
    if (ttlSeconds === undefined) await put;
    else {
      const { ID } = await this.client.leaseClient.leaseGrant({ TTL: ttlSeconds });
      await put.lease(ID);
    }
  }

  /** Writes many leases on one new etcd lease, as many at once as etcd takes. */
  async putAll(samples: readonly Sample[], ttlSeconds: number): Promise<void> {
    const { ID } = await this.client.leaseClient.leaseGrant({ TTL: ttlSeconds });
    for (let start = 0; start < samples.length; start += mostInTransaction) {
      const success = samples.slice(start, start + mostInTransaction).map(({ key, value }) => ({
        request_put: { key: Buffer.from(this.#path(key)), value: Buffer.from(value), lease: ID },
      }));
      await this.client.kv.txn({ success });
    }
  }

  async delete(key: string): Promise<void> {
    await this.client.delete().key(this.#path(key));
  }

  /** All leases, by key. */
  async list(): Promise<readonly Sample[]> {
    const start = this.#path('');
    const found = await this.client.getAll().prefix(start).strings();
    return Object.entries(found).map(([path, value]) => ({ key: path.slice(start.length), value }));
  }

  /** The lease of the node with this address. */
  async of(publicIp: string): Promise<Sample> {
    const lease = (await this.list()).find(({ value }) => value.startsWith(`{"PublicIP":"${publicIp}"`));
    if (lease === undefined) throw new Error(`no lease is ${publicIp}'s`);
    return lease;
  }

  /** The seconds that a lease has left; undefined for a reservation. */
  async secondsLeft(key: string): Promise<number | undefined> {
    const { kvs } = await this.client.kv.range({ key: Buffer.from(this.#path(key)) });
    const lease = kvs[0]?.lease;
    if (lease === undefined || lease === '0') return undefined;
    return Number((await this.client.leaseClient.leaseTimeToLive({ ID: lease })).TTL);
  }

  #path(key: string): string {
    return `${this.prefix}/subnets/${key}`;
  }
}
