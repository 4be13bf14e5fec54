import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { readDeployment } from '../../../src/daemon/network/deployment-file.ts';
import type { Preparation } from '../../../src/daemon/setup/prepare.ts';
import { StoreError, type LeaseStore } from '../../../src/store/store.ts';
import { until } from '../../support/until.ts';
import { Bench, changedStore, leaseValue, linkAddress, underlayLink } from '../bench.ts';
import { Life } from '../life.ts';

const [first, second] = ['172.30.0.1', '172.30.0.22'];

/** A node of which a process dies at a given moment: what it did before stays, and it does nothing any more. */
class Mortal {
  readonly bench: Bench;
  readonly #t: TestContext;
  readonly #pending: (() => void)[] = [];
  isDead = false;

  constructor(t: TestContext) {
    this.#t = t;
    t.after(() => this.#pending.forEach((end) => end()));
    this.bench = new Bench(t);
    this.bench.recipe();
  }

  /** The address of the interface, as the kernel shows it. */
  set address(address: string) {
    this.bench.link = { ...underlayLink, addresses: [linkAddress(address)] };
  }

  /** Begins a life on an address. `dying` is the write of the lease that reaches the store and whose answer never comes. */
  begin(address: string, dying?: 'create' | 'replace'): Promise<Life> {
    this.address = address;
    const prepared = (preparation: Preparation): Preparation => ({
      ...preparation,
      store: dying === undefined ? preparation.store : this.#fatal(preparation.store, dying),
      underlay: { ...preparation.underlay, addresses: { ipv4: address, ipv6: undefined }, publicIp: address },
    });
    return Life.begin(this.#t, this.bench, { checkIntervalSeconds: 0.05 }, () => Promise.resolve(), prepared);
  }

  #fatal(store: LeaseStore, dying: 'create' | 'replace'): LeaseStore {
    const die = async (write: Promise<unknown>): Promise<never> => {
      await write;
      this.isDead = true;
      return new Promise((_, reject) => {
        this.#pending.push(() => reject(new StoreError('the process is dead', { retryable: true })));
      });
    };
    return changedStore(store, {
      ...(dying === 'create' && { create: (...given) => die(store.create(...given)) }),
      ...(dying === 'replace' && { replace: (...given) => die(store.replace(...given)) }),
    });
  }

  async die(): Promise<void> {
    await until('the end', () => this.isDead);
    this.bench.events.length = 0;
  }

  async leases(): Promise<readonly (readonly [string, string])[]> {
    const { records } = await (await this.bench.openStore()).list();
    return records.map(({ key, value }) => [key, value]);
  }

  /** Starts again on an address, and checks that this gives the only lease in the store, and that all files name it. */
  async expectSame(key: string, address: string): Promise<void> {
    await this.begin(address);
    await this.bench.untilTold('ready');
    assert.deepEqual(await this.leases(), [[key, leaseValue(Number(address.split('.')[3]), 'data-1')]]);
    assert.equal((await readDeployment(this.bench.stateDirectory))?.leaseKey, key);
    const subnet = key.replace(/\.0-24$/, '.1/24');
    assert.match(readFileSync(this.bench.subnetFile, 'utf8'), new RegExp(`^FLANNEL_SUBNET=${subnet}$`, 'm'));
  }
}

for (const again of [first, second]) {
  test(`a node that dies after its lease reached the store gets the same subnet on ${again}`, async (t) => {
    const node = new Mortal(t);
    await node.begin(first, 'create');
    await node.die();
    const [lease] = await node.leases();
    assert.ok(lease);
    await node.expectSame(lease[0], again);
  });

  test(`a node that dies after its lease is noted and before the subnet file is there gets the same subnet on ${again}`, async (t) => {
    const node = new Mortal(t);
    node.bench.put('post-startup.hangs');
    await node.begin(first);
    await until('PostStartup', () => node.bench.log.some((line) => line.startsWith('post-startup')));
    const [lease] = await node.leases();
    assert.ok(lease);
    node.bench.drop('post-startup.hangs');
    node.bench.events.length = 0;
    await node.expectSame(lease[0], again);
  });

  test(`a node that dies after its other address reached the store gets the same subnet on ${again}`, async (t) => {
    const node = new Mortal(t);
    await node.begin(first, 'replace');
    await node.bench.untilTold('ready');
    node.address = second;
    await node.die();
    const [lease] = await node.leases();
    assert.equal(lease?.[1], leaseValue(22, 'data-1'));
    await node.expectSame(lease[0], again);
  });
}
