import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../kernel/faults/random.ts';
import type { SoakEtcd } from './etcd-server.ts';
import { entriesIn } from './entries.ts';
import type { OnExit, SoakNode } from './soak-node.ts';

/** Something that is done to a part of the network, and undone before the work ends. */
export interface Fault {
  readonly name: string;
  /** How often it is drawn, in relation to the others of its list. */
  readonly weight: number;
  readonly run: (random: Random) => Promise<void>;
}

/** A store that was away may be tried after half a minute only. */
const longestFollowSeconds = 45;

/** Waits for a random number of seconds. */
async function wait(random: Random, least: number, most: number): Promise<void> {
  await delay(1000 * least + random.below(1000 * (most - least) + 1));
}

/** The faults of etcd and of its link. */
export function faultsOfEtcd(etcd: SoakEtcd): readonly Fault[] {
  return [
    {
      name: 'etcd stopped',
      weight: 3,
      run: async (random) => {
        etcd.freeze();
        await wait(random, 0.5, 8);
        etcd.thaw();
      },
    },
    {
      name: 'etcd killed',
      weight: 3,
      run: async (random) => {
        await etcd.kill();
        await wait(random, 0, 5);
        await etcd.start();
      },
    },
    {
      name: 'etcd cut off',
      weight: 3,
      run: async (random) => {
        await etcd.cut();
        await wait(random, 0.5, 10);
        await etcd.join();
      },
    },
    { name: 'etcd compacted', weight: 2, run: () => etcd.compact() },
    {
      // No watch outlives this, and none can be resumed: the daemons have to list.
      name: 'etcd forgot',
      weight: 2,
      run: async (random) => {
        await etcd.cut();
        await etcd.kill();
        await etcd.start();
        await wait(random, 1, 4);
        await etcd.compact();
        await etcd.join();
      },
    },
  ];
}

/** The faults that every daemon has to live through. */
export function faultsOfNetwork(node: SoakNode, etcd: SoakEtcd): readonly Fault[] {
  const { host } = node;
  return [
    {
      name: 'address changed',
      weight: 3,
      run: async (random) => {
        // A node that starts with another address is another node, with another lease.
        if (!(await node.hasLease())) return;
        const other = host.publicIp.replace(/\d+$/, String(100 + host.number));
        await exchangeAddress(node, host.publicIp, other);
        await wait(random, 0.2, 10);
        await exchangeAddress(node, other, host.publicIp);
        await leaseBack(host.publicIp, other, etcd);
      },
    },
    {
      name: 'entries deleted',
      weight: 3,
      run: async (random) => {
        const entries = entriesIn(await node.look());
        const count = entries.length === 0 ? 0 : 1 + random.below(5);
        const chosen = Array.from({ length: count }, () => deletionOf(random.pick(entries)));
        await host.sh(['true', ...chosen].join('\n'));
      },
    },
    {
      name: 'stray route',
      weight: 1,
      run: async (random) => {
        const number = random.below(256);
        const route = `10.55.${number}.0/24 via 10.55.${number}.0 dev flannel.1 onlink metric 5`;
        await host.sh(`ip route replace ${route} 2>/dev/null || true`);
      },
    },
    {
      name: 'device deleted',
      weight: 1,
      run: async () => {
        await host.sh('ip link delete flannel.1 2>/dev/null || true');
      },
    },
    {
      name: 'node cut off',
      weight: 2,
      run: async (random) => {
        await etcd.cutFrom(host.publicIp);
        await wait(random, 0.5, 8);
        await etcd.joinTo(host.publicIp);
      },
    },
    {
      name: 'daemon stopped',
      weight: 2,
      run: async (random) => {
        node.signal('SIGSTOP');
        await wait(random, 0.5, 6);
        node.signal('SIGCONT');
      },
    },
  ];
}

/** The ways in which a daemon ends and is started again. */
export function faultsOfDaemon(node: SoakNode): readonly Fault[] {
  const start = (random: Random): Promise<void> => node.start(random.pick<OnExit>(['leave', 'shutdown']));
  return [
    {
      name: 'daemon killed',
      weight: 6,
      run: async (random) => {
        await node.kill();
        if (random.below(2) === 0) await wait(random, 0, 5);
        await start(random);
      },
    },
    {
      name: 'start killed',
      weight: 3,
      run: async (random) => {
        await node.kill();
        await start(random);
        await wait(random, 0, 2);
        await node.kill();
        await start(random);
      },
    },
    {
      name: 'daemon terminated',
      weight: 4,
      run: async (random) => {
        await node.terminate();
        if (random.below(2) === 0) await wait(random, 0, 5);
        await start(random);
      },
    },
  ];
}

/** Draws a fault by the weights. */
export function drawFault(faults: readonly Fault[], random: Random): Fault {
  let left = random.below(faults.reduce((sum, { weight }) => sum + weight, 0));
  const drawn = faults.find(({ weight }) => (left -= weight) < 0);
  if (drawn === undefined) throw new Error('There is no fault to draw.');
  return drawn;
}

/** Waits until the lease has its address again for some seconds: a daemon may still be about to write the other one. */
async function leaseBack(address: string, other: string, etcd: SoakEtcd): Promise<void> {
  const isBack = async (): Promise<boolean> => {
    const values = (await etcd.list()).map(({ value }) => value);
    const has = (text: string): boolean => values.some((value) => value.startsWith(`{"PublicIP":"${text}"`));
    return has(address) && !has(other);
  };
  let backSeconds = 0;
  for (let tries = 0; tries < longestFollowSeconds && backSeconds < 3; tries += 1) {
    await delay(1000);
    backSeconds = (await isBack().catch(() => false)) ? backSeconds + 1 : 0;
  }
}

async function exchangeAddress({ host }: SoakNode, from: string, to: string): Promise<void> {
  // The routes go with the last address.
  const gateway = to.replace(/\d+$/, '254');
  await host.sh(
    `ip address delete ${from}/24 dev eth0; ip address add ${to}/24 dev eth0; ip route replace default via ${gateway}`,
  );
}

/** Shell text that deletes an entry, which may be gone by then. */
function deletionOf(entry: string): string {
  const [kind, what = ''] = entry.split(' ');
  const commands: Readonly<Record<string, string>> = {
    route: `ip route delete ${what}`,
    neigh: `ip neigh delete ${what} dev flannel.1`,
    fdb: `bridge fdb delete ${what} dev flannel.1 self`,
  };
  return `${commands[kind ?? ''] ?? 'true'} 2>/dev/null || true`;
}
