import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import { Daemon, startDaemon, type DaemonOptions } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { StoreDirectory } from './harness/store-directory.ts';
import { until } from '../support/until.ts';

const skip = reasonToSkip('iptables-nft', 'iptables-legacy', 'nft');

/** A recipe that makes nothing: the rules do not depend on it. */
function plain(store: StoreDirectory, more: object = {}): string {
  return store.recipe('plain', { Network: '10.50.0.0/16', Backend: { Type: 'plain' }, ...more });
}

const dualStack = { EnableIPv6: true, IPv6Network: 'fd00:50::/48' };

/** A PATH on which `iptables` is one of its two forms, as Debian's alternatives choose it. */
function pathWith(t: TestContext, form: 'nft' | 'legacy'): string {
  const folder = join(new StoreDirectory(t).root, 'bin');
  mkdirSync(folder);
  for (const family of ['iptables', 'ip6tables']) {
    for (const end of ['', '-save', '-restore']) {
      symlinkSync(`/usr/sbin/${family}-${form}${end}`, join(folder, `${family}${end}`));
    }
  }
  return `${folder}:${process.env['PATH'] ?? ''}`;
}

/** Arguments of a daemon that keeps both kinds of rules. */
function argumentsFor(store: StoreDirectory, recipe: string): readonly string[] {
  return ['--recipe', recipe, '--store-dir', store.path, '--ip-masq', '--iptables-resync', '1'];
}

const masquerade = (subnet: string, network: string, multicast: string): readonly string[] => [
  '-N HEDDLE-POSTRTG',
  '-A HEDDLE-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "heddle masq" -j RETURN',
  `-A HEDDLE-POSTRTG -s ${subnet} -d ${network} -m comment --comment "heddle masq" -j RETURN`,
  `-A HEDDLE-POSTRTG -s ${network} -d ${subnet} -m comment --comment "heddle masq" -j RETURN`,
  `-A HEDDLE-POSTRTG ! -s ${network} -d ${subnet} -m comment --comment "heddle masq" -j RETURN`,
  `-A HEDDLE-POSTRTG -s ${network} ! -d ${multicast} -m comment --comment "heddle masq" -j MASQUERADE --random-fully`,
  `-A HEDDLE-POSTRTG ! -s ${network} -d ${network} -m comment --comment "heddle masq" -j MASQUERADE --random-fully`,
];
const forward = (network: string): readonly string[] => [
  '-N HEDDLE-FWD',
  `-A HEDDLE-FWD -s ${network} -m comment --comment "heddle forward" -j ACCEPT`,
  `-A HEDDLE-FWD -d ${network} -m comment --comment "heddle forward" -j ACCEPT`,
];
const jumps = {
  postrouting: '-A POSTROUTING -m comment --comment "heddle masq" -j HEDDLE-POSTRTG',
  forward: '-A FORWARD -m comment --comment "heddle forward" -j HEDDLE-FWD',
};

async function list(host: Host, program: string, table: string, chain: string): Promise<readonly string[]> {
  return (await host.sh(`${program} -t ${table} -S ${chain} 2>/dev/null || true`))
    .split('\n')
    .filter(Boolean);
}

/** The subnets of the only lease: IPv4's, then IPv6's. */
function subnetsOf(store: StoreDirectory): readonly string[] {
  return (store.subnets()[0] ?? '').split('&').map((subnet) => subnet.replace(/-(?=\d+$)/, '/'));
}

for (const form of ['nft', 'legacy'] as const) {
  test(
    `the rules of flannel are in iptables-${form}, for both families, until the end`,
    { skip },
    async (t) => {
      const { host, store } = await oneHost(t);
      const options: DaemonOptions = { environment: { PATH: pathWith(t, form) } };
      const daemon = await startDaemon(host, argumentsFor(store, plain(store, dualStack)), options);
      const [ipv4 = '', ipv6 = ''] = subnetsOf(store);
      const families = [
        ['iptables', ipv4, '10.50.0.0/16', '224.0.0.0/4'],
        ['ip6tables', ipv6, 'fd00:50::/48', 'ff00::/8'],
      ] as const;
      for (const [name, subnet, network, multicast] of families) {
        const program = `${name}-${form}`;
        assert.deepEqual(
          await list(host, program, 'nat', 'HEDDLE-POSTRTG'),
          masquerade(subnet, network, multicast),
        );
        assert.deepEqual(await list(host, program, 'filter', 'HEDDLE-FWD'), forward(network));
        assert.deepEqual(await list(host, program, 'nat', 'POSTROUTING'), [
          '-P POSTROUTING ACCEPT',
          jumps.postrouting,
        ]);
        assert.deepEqual(await list(host, program, 'filter', 'FORWARD'), [
          '-P FORWARD ACCEPT',
          jumps.forward,
        ]);
      }
      await daemon.stop();
      for (const [name] of families) {
        assert.doesNotMatch(await host.sh(`${name}-${form}-save`), /HEDDLE/);
      }
    },
  );
}

test(
  'the rules of flannel are in nftables, if the network configuration asks for it',
  { skip },
  async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = plain(store, { ...dualStack, EnableNFTables: true });
    const daemon = await startDaemon(host, argumentsFor(store, recipe));
    const [ipv4 = '', ipv6 = ''] = subnetsOf(store);
    const table = (
      name: string,
      family: string,
      subnet: string,
      network: string,
      multicast: string,
    ): string =>
      [
        `table ${family} ${name} {`,
        '\tchain postrtg {',
        '\t\ttype nat hook postrouting priority srcnat; policy accept;',
        '\t\tmeta mark & 0x00004000 == 0x00004000 return comment "heddle masq"',
        `\t\t${family} saddr ${subnet} ${family} daddr ${network} return comment "heddle masq"`,
        `\t\t${family} saddr ${network} ${family} daddr ${subnet} return comment "heddle masq"`,
        `\t\t${family} saddr != ${network} ${family} daddr ${subnet} return comment "heddle masq"`,
        `\t\t${family} saddr ${network} ${family} daddr != ${multicast} masquerade fully-random comment "heddle masq"`,
        `\t\t${family} saddr != ${network} ${family} daddr ${network} masquerade fully-random comment "heddle masq"`,
        '\t}',
        '',
        '\tchain forward {',
        '\t\ttype filter hook forward priority filter; policy accept;',
        `\t\t${family} saddr ${network} accept comment "heddle forward"`,
        `\t\t${family} daddr ${network} accept comment "heddle forward"`,
        '\t}',
        '}',
      ].join('\n');
    assert.equal(
      await host.sh('nft list ruleset'),
      [
        table('heddle-ipv4', 'ip', ipv4, '10.50.0.0/16', '224.0.0.0/4'),
        table('heddle-ipv6', 'ip6', ipv6, 'fd00:50::/48', 'ff00::/8'),
      ].join('\n'),
    );
    await daemon.stop();
    assert.equal(await host.sh('nft list ruleset'), '');
  },
);

type Keeper = 'iptables-nft' | 'iptables-legacy' | 'nftables';

/** Rules of another program in the chains that jump to heddle's, and in a table of its own. */
const foreign: Readonly<Record<Keeper, string>> = {
  'iptables-nft': `iptables-nft -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE; iptables-nft -A FORWARD -s 192.0.2.0/24 -j ACCEPT`,
  'iptables-legacy': `iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE; iptables-legacy -A FORWARD -s 192.0.2.0/24 -j ACCEPT`,
  nftables: `nft 'add table inet others; add chain inet others c { type filter hook forward priority 5; }; add rule inet others c ip saddr 192.0.2.0/24 counter'`,
};

/** What firewall-cmd --reload does with iptables: it flushes and deletes everything, and adds its own rules again. */
const flushAll = (program: string): string =>
  `for t in nat filter; do ${program} -t $t -F; ${program} -t $t -X; done`;

/** Ways in which others damage the rules. */
const damages: readonly [what: string, keeper: Keeper, command: string][] = [
  ['a flush of the chain', 'iptables-nft', 'iptables-nft -t nat -F HEDDLE-POSTRTG'],
  [
    'a deletion of the chain',
    'iptables-nft',
    'iptables-nft -t nat -D POSTROUTING -m comment --comment "heddle masq" -j HEDDLE-POSTRTG; iptables-nft -t nat -F HEDDLE-POSTRTG; iptables-nft -t nat -X HEDDLE-POSTRTG',
  ],
  [
    'another order',
    'iptables-nft',
    'iptables-nft -t nat -D HEDDLE-POSTRTG 5; iptables-nft -t nat -I HEDDLE-POSTRTG 1 -s 10.50.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "heddle masq" -j MASQUERADE --random-fully',
  ],
  [
    'a second jump',
    'iptables-nft',
    'iptables-nft -A FORWARD -m comment --comment "heddle forward" -j HEDDLE-FWD',
  ],
  ['a new rule in the chain', 'iptables-nft', 'iptables-nft -I HEDDLE-FWD -j DROP'],
  ['a flush of all tables', 'iptables-nft', `${flushAll('iptables-nft')}; ${foreign['iptables-nft']}`],
  ['a flush of all tables of IPv6', 'iptables-nft', flushAll('ip6tables-nft')],
  [
    'a deletion and another order',
    'iptables-legacy',
    'iptables-legacy -t nat -F HEDDLE-POSTRTG; iptables-legacy -D HEDDLE-FWD 1; iptables-legacy -A HEDDLE-FWD -s 10.50.0.0/16 -m comment --comment "heddle forward" -j ACCEPT',
  ],
  [
    'a flush of all tables',
    'iptables-legacy',
    `${flushAll('iptables-legacy')}; ${foreign['iptables-legacy']}; ${flushAll('ip6tables-legacy')}`,
  ],
  ['a flush of the table', 'nftables', 'nft flush table ip heddle-ipv4'],
  ['a deletion of a chain', 'nftables', 'nft delete chain ip6 heddle-ipv6 forward'],
  ['a new rule', 'nftables', 'nft insert rule ip heddle-ipv4 forward drop'],
  [
    'another order',
    'nftables',
    `handle=$(nft -a list chain ip heddle-ipv4 forward | sed -n 's/.*saddr.*# handle //p'); nft "delete rule ip heddle-ipv4 forward handle $handle; add rule ip heddle-ipv4 forward ip saddr 10.50.0.0/16 accept comment \\"heddle forward\\""`,
  ],
  // What a reload of nftables.service does.
  ['a flush of the ruleset', 'nftables', `nft flush ruleset; ${foreign.nftables}`],
];

/** Shell text that shows all rules but their counters. */
const showRules: Readonly<Record<Keeper, string>> = {
  'iptables-nft': 'for p in iptables-nft ip6tables-nft; do $p -t nat -S; $p -S; done',
  'iptables-legacy': 'for p in iptables-legacy ip6tables-legacy; do $p -t nat -S; $p -S; done',
  nftables: 'nft -s list ruleset | sort',
};

/** Whether heddle has seen that its last repair helped. */
function isWhole({ events }: Daemon): boolean {
  return events.findLast(({ event }) => event.startsWith('part-'))?.event === 'part-restored';
}

describe('the rules come back, and those of others stay, after', { skip, concurrency: 2 }, () => {
  for (const keeper of ['iptables-nft', 'iptables-legacy', 'nftables'] as const) {
    test(keeper, async (t) => {
      const { host, store } = await oneHost(t);
      const recipe = plain(store, { ...dualStack, EnableNFTables: keeper === 'nftables' });
      const form = keeper === 'iptables-legacy' ? 'legacy' : 'nft';
      await host.sh(foreign[keeper]);
      const options = { environment: { PATH: pathWith(t, form) }, seconds: 60 };
      const daemon = await startDaemon(host, argumentsFor(store, recipe), options);
      const before = await host.sh(showRules[keeper]);
      assert.match(before, /192\.0\.2\.0\/24/);
      for (const [what, of, command] of damages) {
        if (of !== keeper) continue;
        await host.sh(command);
        await daemon.until('part-broken');
        // A command may damage the rules in several steps, and heddle may repair them in between.
        await until(
          `the rules to come back after ${what}`,
          async () => isWhole(daemon) && (await host.sh(showRules[keeper])) === before,
          () => daemon.describe(),
        );
      }
      await daemon.stop();
      const left = await host.sh(showRules[keeper]);
      assert.match(left, /192\.0\.2\.0\/24/);
      assert.doesNotMatch(left, /heddle/i);
    });
  }
});

/** Shell text that lists the sockets that listen to netfilter's changes (protocol 12 of netlink). */
const listeners = `awk '$2 == 12 && $4 != "00000000"' /proc/net/netlink`;

test(
  'nft monitor reports a change long before the interval does, also with iptables-nft',
  { skip },
  async (t) => {
    for (const enableNftables of [false, true]) {
      const { host, store } = await oneHost(t);
      const recipe = plain(store, { EnableNFTables: enableNftables });
      const args = ['--recipe', recipe, '--store-dir', store.path, '--iptables-resync', '3600'];
      const options = { environment: { PATH: pathWith(t, 'nft') } };
      const daemon = await startDaemon(host, [...args, '--check-interval', '3600'], options);
      await host.until(`${listeners} | grep -q .`);
      await host.sh('nft flush ruleset');
      await daemon.until('part-restored', ({ part }) => part === 'traffic-rules');
      assert.match(await host.sh('nft list ruleset'), /HEDDLE-FWD|heddle-ipv4/);
      await daemon.stop();
      assert.equal(await host.sh(listeners), '');
    }
  },
);

/** Firewalls of others that drop packets of the network, the chain's name in the message, and the command of the cure. */
const droppers: readonly [what: string, rules: string, chain: RegExp][] = [
  [
    'a policy',
    `nft 'add table inet guard; add chain inet guard passing { type filter hook forward priority 10; policy drop; }; add rule inet guard passing ct state established,related accept'`,
    /^the chain passing of the nftables table inet guard drops packets from 10\.50\.\d+\.0\/24 to 10\.50\.0\.0\/16$/,
  ],
  [
    'the policy of the legacy iptables',
    'iptables-legacy -P FORWARD DROP; iptables-legacy -A FORWARD -s 10.50.0.0/16 -j ACCEPT',
    /^the chain FORWARD of iptables-legacy drops packets from outside 10\.50\.0\.0\/16 to 10\.50/,
  ],
];

test(
  'in nftables mode, a chain of another program that drops makes the node degraded, by its name',
  { skip },
  async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = plain(store, { EnableNFTables: true });
    await host.sh('echo 1 >/proc/sys/net/ipv4/ip_forward');
    const daemon = await startDaemon(host, argumentsFor(store, recipe));
    for (const [what, rules, chain] of droppers) {
      await host.sh(rules);
      const { because, hint } = await daemon.until('concern', ({ kind }) => kind === 'firewall');
      assert.match(because, chain, what);
      const degraded = await daemon.until('state', ({ to }) => to === 'degraded');
      assert.equal(degraded.because, because);
      // The command of the hint is the cure.
      await host.sh(hint.replace(/^.*?: /, ''));
      await daemon.until('concern-ended', ({ kind }) => kind === 'firewall');
      await daemon.until('state', ({ to }) => to === 'running');
      await host.sh(`
        nft 'add table inet guard; delete table inet guard; add table ip guard; delete table ip guard'
        for form in nft legacy; do iptables-$form -P FORWARD ACCEPT; iptables-$form -F FORWARD; done
      `);
    }
    await daemon.stop();
  },
);

/** Gives a host a pod of its own subnet, in a namespace with the name `pod`; returns its address. */
async function addPod(host: Host): Promise<string> {
  const gateway = (await host.sh('sed -n "s/^FLANNEL_SUBNET=//p" /run/subnet.env')).trim();
  const address = gateway.replace(/\.1\/.*/, '.2');
  await host.sh(`
    mkdir -p /run/netns && ip netns add pod && ip link add to-pod type veth peer name eth0 netns pod
    ip address add ${gateway} dev to-pod && ip link set to-pod up
    ip netns exec pod sh -ec 'ip link set lo up; ip address add ${address}/24 dev eth0; ip link set eth0 up; ip route add default via ${gateway.replace(/\/.*/, '')}'
    echo 1 >/proc/sys/net/ipv4/ip_forward
  `);
  return address;
}

/** The source address that a TCP server sees. */
async function sourceSeen(
  client: readonly string[],
  from: Host,
  server: readonly string[],
  to: Host,
  address: string,
): Promise<string> {
  const listener = `net.createServer((s) => { console.log(s.remoteAddress); process.exit() }).listen(9000, '0.0.0.0', () => console.log('listening'))`;
  const listening = to.start([...server, process.execPath, '-e', listener]);
  await once(createInterface({ input: listening.stdout }), 'line');
  await from.run([
    ...client,
    process.execPath,
    '-e',
    `net.connect(9000, '${address}').on('close', () => process.exit()).on('error', () => process.exit())`,
  ]);
  return (await listening).stdout.split('\n')[1] ?? '';
}

const inPod = ['ip', 'netns', 'exec', 'pod'];

for (const keeper of ['iptables-nft', 'iptables-legacy', 'nftables'] as const) {
  const policy = keeper === 'nftables' ? '' : ', and FORWARD’s policy DROP does not stop them';
  test(
    `in ${keeper}, a pod reaches hosts outside with the address of its node, and pods with its own${policy}`,
    { skip },
    async (t) => {
      const set = await startHosts([1, 1, 1]);
      t.after(() => set.close());
      const [one, two, outside] = set.hosts;
      assert.ok(one && two && outside);
      const store = new StoreDirectory(t);
      const hostGw = JSON.parse(readFileSync('recipes/host-gw.json', 'utf8')) as object;
      const recipe = store.recipe('host-gw', { ...hostGw, EnableNFTables: keeper === 'nftables' });
      const form = keeper === 'iptables-legacy' ? 'legacy' : 'nft';
      const daemons: Daemon[] = [];
      for (const host of [one, two]) {
        if (keeper !== 'nftables') await host.sh(`${keeper} -P FORWARD DROP`);
        const options = { environment: { PATH: pathWith(t, form) } };
        daemons.push(await startDaemon(host, argumentsFor(store, recipe), options));
      }
      await daemons[0]?.until('peer-added');
      const [podOfOne, podOfTwo] = [await addPod(one), await addPod(two)];
      assert.equal(await sourceSeen(inPod, one, [], outside, outside.publicIp), one.publicIp);
      assert.equal(await sourceSeen(inPod, one, inPod, two, podOfTwo), podOfOne);
      // A host outside that has a route reaches the pod, and the pod sees that host's address.
      await outside.sh(`ip route add ${podOfOne} via ${one.publicIp}`);
      assert.equal(await sourceSeen([], outside, inPod, one, podOfOne), outside.publicIp);
      for (const daemon of daemons) await daemon.stop();
    },
  );
}

test(
  'rules that an earlier run made with another tool go, and so do those of flanneld',
  { skip },
  async (t) => {
    const { host, store } = await oneHost(t);
    const legacy = { environment: { PATH: pathWith(t, 'legacy') } };
    const first = await startDaemon(host, argumentsFor(store, plain(store)), legacy);
    await first.kill();
    await host.sh(`
    nft 'add table ip flannel-ipv4; add chain ip flannel-ipv4 forward { type filter hook forward priority filter; }'
    nft 'add table ip6 flannel-ipv6; add chain ip6 flannel-ipv6 forward { type filter hook forward priority filter; }'
    iptables-nft -t nat -N FLANNEL-POSTRTG
    iptables-nft -t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
    iptables-nft -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
  `);
    assert.match(await host.sh('iptables-legacy-save'), /HEDDLE-POSTRTG/);
    // The store has the mode of the first run.
    const other = new StoreDirectory(t);
    const recipe = plain(other, { EnableNFTables: true, Network: '10.60.0.0/16' });
    const second = await startDaemon(host, ['--recipe', recipe, '--store-dir', other.path]);
    assert.doesNotMatch(await host.sh('iptables-legacy-save'), /HEDDLE/);
    const ruleset = await host.sh('nft list ruleset');
    assert.match(ruleset, /table ip heddle-ipv4 \{\n\tchain forward/);
    // The first run had another network, and the rules of a network that is gone are gone too.
    assert.match(ruleset, /10\.60\.0\.0\/16/);
    assert.doesNotMatch(ruleset, /10\.50\./);
    // Without --ip-masq, nothing is masqueraded.
    assert.doesNotMatch(ruleset, /postrtg/);
    assert.doesNotMatch(ruleset, /flannel|FLANNEL/);
    assert.match(ruleset, /192\.0\.2\.0\/24/);
    await second.stop();
    // Also a network without rules of its own does not need those of flanneld.
    await host.sh('iptables-nft -N FLANNEL-FWD; iptables-nft -A FORWARD -j FLANNEL-FWD');
    const none = ['--store-dir', other.path, '--iptables-forward-rules=false'];
    const third = await startDaemon(host, ['--recipe', recipe, ...none]);
    const left = await host.sh('nft list ruleset');
    assert.doesNotMatch(left, /heddle|FLANNEL/);
    assert.match(left, /192\.0\.2\.0\/24/);
    await third.stop();
    // The rules of a flanneld that runs here stay.
    await host.sh(`
      iptables-nft -N FLANNEL-FWD; iptables-nft -A FORWARD -j FLANNEL-FWD
      cp "$(readlink -f "$(command -v sleep)")" /run/flanneld; /run/flanneld 60 >/dev/null 2>&1 & echo $! >/run/flanneld.pid
    `);
    await host.until('grep -qx flanneld "/proc/$(cat /run/flanneld.pid)/comm"');
    const fourth = await startDaemon(host, ['--recipe', recipe, ...none]);
    assert.match(await host.sh('nft list ruleset'), /jump FLANNEL-FWD/);
    await fourth.stop();
    await host.sh('kill "$(cat /run/flanneld.pid)"');
  },
);

test(
  '--ip-blackhole-route adds a route for the subnet of each family, repairs it, and removes it',
  { skip },
  async (t) => {
    const { host, store } = await oneHost(t);
    const args = ['--recipe', plain(store, dualStack), '--store-dir', store.path, '--check-interval', '1'];
    const daemon = await startDaemon(host, [...args, '--ip-blackhole-route', '--on-exit', 'leave']);
    const { subnet } = await daemon.logged('lease-acquired');
    const [ipv4 = '', ipv6 = ''] = subnet.split(' and ');
    const routes = (): Promise<string> =>
      host.sh('ip route show type blackhole; ip -6 route show type blackhole');
    const expected = new RegExp(
      `^blackhole ${ipv4} metric 2147483647 \\nblackhole ${ipv6} dev lo metric 2147483647 `,
    );
    assert.match(await routes(), expected);
    await host.sh(`ip route delete blackhole ${ipv4}`);
    const { because } = await daemon.until('part-broken', ({ part }) => part === 'blackhole-route');
    assert.equal(because, `the blackhole route ${ipv4} is missing`);
    await daemon.until('part-restored', ({ part }) => part === 'blackhole-route');
    assert.match(await routes(), expected);
    // A bridge for the same subnet is preferred.
    await host.sh(
      `ip link add cni0 type bridge; ip link set cni0 up; ip address add ${ipv4.replace('.0/', '.1/')} dev cni0`,
    );
    assert.match(await host.sh(`ip route get ${ipv4.replace('.0/24', '.9')}`), /dev cni0/);
    await daemon.stop();
    assert.match(await routes(), expected);
    const without = await startDaemon(host, [...args, '--on-exit', 'leave']);
    assert.equal(await routes(), '');
    await without.stop();
    const again = await startDaemon(host, [...args, '--ip-blackhole-route']);
    assert.match(await routes(), expected);
    await again.stop();
    assert.equal(await routes(), '');
  },
);

/** A directory with a few programs of the host, for PATH. */
async function programsOnly(host: Host, store: StoreDirectory, more: readonly string[]): Promise<string> {
  const folder = join(store.root, 'only');
  mkdirSync(folder);
  for (const program of ['nsenter', 'timeout', 'sh', 'ip', 'mkfifo', 'cat', 'flock', ...more]) {
    symlinkSync((await host.sh(`command -v ${program}`)).trim(), join(folder, program));
  }
  return folder;
}

test('an IPv4 network needs no rules for IPv6, on a kernel without it', { skip }, async (t) => {
  const { host, store } = await oneHost(t);
  const folder = await programsOnly(host, store, ['iptables', 'iptables-restore']);
  // In the words of ip6tables-legacy on a kernel that was started with ipv6.disable=1.
  const words = "can't initialize ip6tables table `nat': Address family not supported by protocol";
  for (const program of ['ip6tables', 'ip6tables-restore']) {
    const text = `#!/bin/sh\ncat >&2 <<'END'\nip6tables v1.8.9 (legacy): ${words}\nEND\nexit 3\n`;
    writeFileSync(join(folder, program), text, { mode: 0o755 });
  }
  const environment = { PATH: folder };
  const daemon = await startDaemon(host, argumentsFor(store, plain(store)), { environment });
  await daemon.stop();
  assert.deepEqual(daemon.all('warning'), []);
  assert.deepEqual(daemon.all('part-failed'), []);
  const both = new StoreDirectory(t);
  const second = new Daemon(host, argumentsFor(both, plain(both, dualStack)), { environment });
  const { because } = await second.until('part-failed');
  assert.match(because, /ip6tables .*Address family not supported by protocol/);
  await second.stop();
});

test('a host with neither iptables nor nft is degraded, with what is missing', { skip }, async (t) => {
  const { host, store } = await oneHost(t);
  const folder = await programsOnly(host, store, []);
  const args = ['--recipe', plain(store), '--store-dir', store.path];
  const daemon = new Daemon(host, args, { environment: { PATH: folder } });
  const failed = await daemon.until('part-failed');
  assert.match(failed.because, /iptables are not on PATH, nor is nft$/);
  await daemon.stop();
  const without = [...args, '--iptables-forward-rules=false'];
  const content = await startDaemon(host, without, { environment: { PATH: folder } });
  await content.stop();
});
