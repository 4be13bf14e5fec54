import type { RawLease } from '../kernel/hostile/leases.ts';
import type { Random } from '../kernel/faults/random.ts';
import type { Diary } from './diary.ts';
import type { StoredLease } from './entries.ts';
import type { SoakEtcd, Write } from './etcd-server.ts';
import { makeHostileLeases } from './hostile-leases.ts';
import { baitOnHost } from './soak-node.ts';

/** A lease that stays for the whole soak: what overlaps it can never be a peer. */
const anchor = '10.49.0.0-24';
const ttlSeconds = 86_400;
/** etcd's `--max-txn-ops`. */
const mostInTransaction = 128;
/** How many changes a burst has at most. */
const largestBurst = 80;

/** A lease of the soak's own, read. */
interface Member {
  readonly key: string;
  readonly publicIp: string;
  readonly mac: string;
}

/**
 * The peers that are nothing but a lease, and the hostile leases among them. Only etcd knows which there are: a request whose
 * answer got lost may have been carried out.
 */
export class Population {
  readonly #etcd: SoakEtcd;
  readonly #random: Random;
  readonly #diary: Diary;
  readonly #size: number;
  readonly #hostile: readonly RawLease[];
  readonly #hostileKeys: ReadonlySet<string>;
  /** Old leases of members that moved: their removal is still to be made. */
  #moved: string[] = [];

  constructor(etcd: SoakEtcd, random: Random, diary: Diary, size: number) {
    this.#etcd = etcd;
    this.#random = random;
    this.#diary = diary;
    this.#size = size;
    this.#hostile = makeHostileLeases(baitOnHost);
    this.#hostileKeys = new Set(this.#hostile.map(({ key }) => key.toString()));
  }

  /** Writes the first leases: all members, and a quarter of the hostile leases. */
  async create(): Promise<void> {
    const members: Member[] = [{ key: anchor, publicIp: '172.31.255.1', mac: '02:fa:ff:ff:ff:ff' }];
    while (members.length < this.#size) members.push(this.#newMember(members));
    const writes: Write[] = [
      ...members.map((member) => put(member)),
      ...this.#hostile.filter(() => this.#random.below(4) === 0),
    ];
    await this.#write(writes);
  }

  /** The leases that each node has to apply, the nodes' own among them. */
  async leases(): Promise<readonly StoredLease[]> {
    return (await this.#etcd.list()).filter(({ key }) => !this.#hostileKeys.has(key));
  }

  /** Makes one change, or many at once. Rejects if etcd does not answer. */
  async step(): Promise<void> {
    await this.#removeMoved();
    const members = (await this.leases()).filter(({ key }) => /^10\.5[01]\./.test(key)).map(readMember);
    const count = this.#random.below(12) === 0 ? 20 + this.#random.below(largestBurst - 20) : 1;
    const changed = new Map<string, Member | undefined>(members.map((member) => [member.key, member]));
    const writes: Write[] = [];
    for (let n = 0; n < count; n += 1) writes.push(...this.#change(changed));
    // A transaction may have a key once only.
    const last = new Map(writes.map((write) => [write.key.toString(), write]));
    await this.#write([...last.values()]);
    this.#diary.note('change', { keys: [...last.keys()] });
  }

  /** Ends what is half done. Rejects if etcd does not answer. */
  async settle(): Promise<void> {
    await this.#removeMoved();
  }

  #change(members: Map<string, Member | undefined>): Write[] {
    const present = [...members.values()].filter((member) => member !== undefined);
    const chance = this.#random.below(100);
    if (chance < 10) return [this.#toggleHostile()];
    if (present.length < this.#size * 0.8 || (chance < 30 && present.length < this.#size * 1.2)) {
      const member = this.#newMember(present);
      members.set(member.key, member);
      return [this.#random.below(5) === 0 ? put(member, this.#shortTtl()) : put(member)];
    }
    const member = this.#random.pick(present);
    if (chance < 50) {
      members.set(member.key, undefined);
      return [{ key: member.key }];
    }
    const fresh = this.#newMember(present);
    if (chance < 65) return [this.#replace(members, { ...member, mac: fresh.mac })];
    if (chance < 75) return [this.#replace(members, { ...member, publicIp: fresh.publicIp })];
    if (chance < 80) return [put(member, this.#shortTtl())];
    if (chance < 90) return [put(member)];
    // A node that came back with another subnet: for a moment it may have two.
    members.set(member.key, undefined);
    members.set(fresh.key, { ...member, key: fresh.key });
    const moved = put({ ...member, key: fresh.key });
    if (this.#random.below(2) === 0) return [moved, { key: member.key }];
    this.#moved.push(member.key);
    return [moved];
  }

  #replace(members: Map<string, Member | undefined>, member: Member): Write {
    members.set(member.key, member);
    return put(member);
  }

  #toggleHostile(): Write {
    const { key, value } = this.#random.pick(this.#hostile);
    return this.#random.below(2) === 0 ? { key, value } : { key };
  }

  #shortTtl(): number {
    return 2 + this.#random.below(8);
  }

  /** A member whose subnet, address and MAC nobody of the present ones has. */
  #newMember(present: readonly Member[]): Member {
    const taken = new Set(present.flatMap(({ key, publicIp, mac }) => [key, publicIp, mac]));
    const free = (make: () => string): string => {
      for (;;) {
        const candidate = make();
        if (!taken.has(candidate)) return candidate;
      }
    };
    const byte = (): number => this.#random.below(256);
    const hex = (): string => byte().toString(16).padStart(2, '0');
    return {
      key: free(() => `10.${50 + this.#random.below(2)}.${byte()}.0-24`),
      publicIp: free(() => `172.31.${1 + this.#random.below(200)}.${1 + this.#random.below(250)}`),
      mac: free(() => `02:fa:${hex()}:${hex()}:${hex()}:${hex()}`),
    };
  }

  async #removeMoved(): Promise<void> {
    const keys = this.#moved;
    await this.#write(keys.map((key) => ({ key })));
    this.#moved = this.#moved.slice(keys.length);
  }

  async #write(writes: readonly Write[]): Promise<void> {
    for (let at = 0; at < writes.length; at += mostInTransaction)
      await this.#etcd.write(writes.slice(at, at + mostInTransaction));
  }
}

function put({ key, publicIp, mac }: Member, ttl = ttlSeconds): Write {
  const value = {
    PublicIP: publicIp,
    PublicIPv6: null,
    BackendType: 'vxlan',
    BackendData: { VNI: 1, VtepMAC: mac },
  };
  return { key, value: JSON.stringify(value), ttlSeconds: ttl };
}

function readMember({ key, value }: StoredLease): Member {
  const { PublicIP, BackendData } = JSON.parse(value) as {
    readonly PublicIP: string;
    readonly BackendData: { readonly VtepMAC: string };
  };
  return { key, publicIp: PublicIP, mac: BackendData.VtepMAC };
}
