import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { Diagnosis } from '../../src/cli/doctor/run-doctor.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { checkNames } from '../../src/doctor/checks.ts';
import type { Finding, FindingLevel } from '../../src/doctor/finding.ts';
import { assertOutput } from '../support/output-schema.ts';
import { startDaemon } from './harness/daemon.ts';
import { endProgram, type Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { startHosts } from './harness/host-set.ts';
import { oneHost } from './harness/one-host.ts';
import { StoreDirectory } from './harness/store-directory.ts';
import { heddle } from './lab-harness.ts';

const options = { skip: reasonToSkip('nft', 'iptables-nft', 'setpriv') };

/** The kernel's entries and every file of the host's own, with times, modes and sizes. Pings leave neighbours. */
function traces(host: Host, pings: boolean): Promise<string> {
  return host.sh(
    `ip -d link; ip address; ip route show table all; ${pings ? '' : 'ip neigh;'} nft list ruleset; find /run -printf "%p %m %s %T@ %C@\\n" | sort`,
  );
}

/** The words that run doctor with the host's own places. */
function doctorCommand(args: readonly string[]): readonly string[] {
  const iface = args.includes('--iface') ? [] : ['--iface', 'eth0'];
  const state = args.includes('--state-dir') ? [] : ['--state-dir', '/run/state'];
  const file = args.includes('--subnet-file') ? [] : ['--subnet-file', '/run/subnet.env'];
  return [process.execPath, heddle, 'doctor', ...iface, ...state, ...file, ...args, '--json'];
}

interface Run {
  readonly through?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether a daemon of the host changes its own files meanwhile. */
  readonly isBusy?: boolean;
}

/** Runs doctor, which may change nothing on the host. Returns its findings, and notes those with a cure as provoked. */
async function diagnose(host: Host, args: readonly string[], run: Run = {}): Promise<readonly Finding[]> {
  const { through = [], environment, isBusy = false } = run;
  const look = () => (isBusy ? undefined : traces(host, args.includes('--probe')));
  const before = await look();
  const ended = await host.run([...through, ...doctorCommand(args)], environment && { environment });
  assert.equal(await look(), before);
  assert.match(ended.stdout, /^\{/, ended.stderr);
  const { fit, findings } = assertOutput('doctor', ended.stdout) as Diagnosis;
  assert.equal(fit, !findings.some(({ level }) => level === 'error'));
  assert.equal(ended.exitCode, fit ? 0 : exitCodes.unfit, ended.stderr);
  for (const { check, level } of findings) if (isTrouble(level)) provoked.add(check);
  return findings;
}

const isTrouble = (level: FindingLevel): boolean => level === 'error' || level === 'warning';

/** The checks that found something in these tests. */
const provoked = new Set<string>();

/** Asserts that a check has one finding of a level, with a message and a command or an advice. */
function assertFinding(
  findings: readonly Finding[],
  check: string,
  level: FindingLevel,
  message: RegExp,
  command?: string,
): void {
  const all = findings.filter((finding) => finding.check === check && finding.level === level);
  const [found] = all;
  assert.ok(found, `${check}: ${JSON.stringify(findings.filter((each) => each.check === check))}`);
  assert.match(found.message, message);
  if (command !== undefined) assert.equal(found.command, command);
  if (isTrouble(level)) assert.ok((found.advice ?? found.command) !== null, `${check} has a fix`);
}

async function start(
  t: TestContext,
): Promise<{ host: Host; store: StoreDirectory; args: readonly string[] }> {
  const { host, store } = await oneHost(t);
  return { host, store, args: ['--store-dir', store.path] };
}

const network = { Network: '10.50.0.0/16' };

describe('heddle doctor', options, () => {
  before(() => provoked.clear());
  after(() => {
    assert.deepEqual(
      checkNames.filter((name) => !provoked.has(name)),
      [],
      'each check has found something',
    );
  });

  test('finds nothing wrong with a host that is as it must be, and changes nothing', async (t) => {
    const { host, args } = await start(t);
    await host.sh('sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0.rp_filter=0');
    const findings = await diagnose(host, [...args, '--recipe', 'vxlan']);
    // The kernel of the test decides about bridges.
    const trouble = findings.filter(({ check, level }) => isTrouble(level) && check !== 'bridge-filter');
    assert.deepEqual(trouble, []);
    assert.deepEqual([...new Set(findings.map(({ check }) => check))], checkNames);
    const text = await host.run(
      doctorCommand([...args, '--recipe', 'vxlan']).filter((word) => word !== '--json'),
    );
    assert.match(text.stdout, /^✓ port {13}UDP port 8472 is free for the recipe's devices$/m);
    assert.match(text.stdout, /^0 errors, \d warnings?/m);
  });

  test('finds devices, sockets, routes, processes and settings in the way', async (t) => {
    const { host, store, args } = await start(t);
    await host.sh(`
      sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.eth0.rp_filter=1
      ip link add weft0 type vxlan id 1 dstport 8472 dev eth0
      ip route add 10.50.9.0/24 dev eth0
      sysctl -qw net.ipv6.conf.default.disable_ipv6=1; ip link add warp0 type veth peer name weft1; ip address add 172.31.0.1/24 dev warp0; ip link set weft1 up; ip link set warp0 up
      cp "$(readlink -f "$(command -v sleep)")" /run/flanneld; /run/flanneld 60 >/dev/null 2>&1 &
      mkdir -m 700 -p /run/state /run/udev /run/systemd/network
      touch /run/udev/control
      printf '[Match]\\nOriginalName=*\\n[Link]\\nMACAddressPolicy=persistent\\n' >/run/systemd/network/01-all.link
    `);
    await host.sh(`cat >/run/state/lease.json <<'END'
      {"version":1,"store":{"kind":"files"},"key":"10.50.4.0-24","publicIp":"172.30.1.9","publicIpv6":null,"revision":"1",
       "machine":{"machineId":"other","hardwareAddress":"02:00:00:00:00:99"}}
END
      chmod 600 /run/state/lease.json`);
    // A peer that this host would send to by another interface.
    store.put('10.50.7.0/24', '172.31.0.7', { BackendType: 'vxlan' });
    const findings = await diagnose(host, [...args, '--recipe', 'vxlan', '--param', 'MTU=9000']);
    assertFinding(findings, 'vni', 'error', /weft0 has VNI 1 and UDP port 8472/, 'ip link delete weft0');
    assertFinding(findings, 'overlap', 'error', /the route 10\.50\.9\.0\/24 on eth0/);
    assertFinding(findings, 'flanneld', 'warning', /flanneld runs/, 'systemctl disable --now flanneld');
    assertFinding(findings, 'forwarding', 'warning', /IPv4/, 'sysctl -w net.ipv4.ip_forward=1');
    assertFinding(
      findings,
      'copied-state',
      'warning',
      /another machine has written/,
      'mv /run/state /run/state.copy',
    );
    assertFinding(findings, 'mtu', 'warning', /the parameter MTU is 9000, but eth0 .* 1500/);
    assertFinding(
      findings,
      'rp-filter',
      'warning',
      /172\.31\.0\.7 by warp0/,
      'sysctl -w net.ipv4.conf.eth0.rp_filter=2',
    );
    const recipe = store.recipe('loom', {
      ...network,
      Backend: { Type: 'loom', PreStartupCommand: 'ip link add loom0 type vxlan id 7 dstport 4789' },
    });
    const socket = `require('dgram').createSocket('udp4').bind(4789, () => console.log('bound'))`;
    const holder = host.start([process.execPath, '-e', socket]);
    await host.until(`ss -Hlun 'sport = :4789' | grep -q .`);
    const ofLoom = await diagnose(host, [...args, '--recipe', recipe, '--allow-overlap']);
    assertFinding(
      ofLoom,
      'port',
      'error',
      /UDP port 4789 is in use by \S+ \(process \d+\)/,
      "ss -lunp 'sport = :4789'",
    );
    assertFinding(ofLoom, 'mac-policy', 'warning', /gives loom0 another MAC address .*persistent/);
    endProgram(holder);
    await holder;
  });

  test('finds a firewall that drops, in iptables and in nftables', async (t) => {
    const { host, args } = await start(t);
    await host.sh(`
      iptables-nft -A INPUT -i eth1 -j ACCEPT; iptables-nft -A INPUT -p udp -m udp --dport 8000:9000 -j DROP
      iptables-nft -P FORWARD DROP
    `);
    const nobody = ['--recipe', 'vxlan', '--iptables-forward-rules=false'];
    const ofIptables = await diagnose(host, [...args, ...nobody]);
    assertFinding(
      ofIptables,
      'firewall',
      'warning',
      /INPUT of iptables-nft drops .* 8472/,
      'iptables-nft -I INPUT -p udp --dport 8472 -j ACCEPT',
    );
    assertFinding(
      ofIptables,
      'forward-policy',
      'warning',
      /FORWARD of iptables-nft drops packets from 10\.50\.0\.0\/16/,
    );
    const accepted = await diagnose(host, [...args, '--recipe', 'vxlan']);
    assertFinding(accepted, 'forward-policy', 'ok', /heddle up adds rules/);
    // The commands of the findings cure them.
    for (const { command } of ofIptables.filter(({ check }) => /^f(?:irewall|orward-policy)$/.test(check))) {
      await host.sh(command ?? '');
    }
    await host.sh(`iptables-nft -P FORWARD ACCEPT`);
    await host.sh(`nft -f - <<'END'
      table inet guard {
        set ports { type inet_service; elements = { 22 } }
        chain common { ct state established,related accept; tcp dport 22 accept; }
        chain in { type filter hook input priority 0; policy drop; iifname "lo" accept; jump common; udp dport { 53, 67-68 } accept; }
        chain forward { type filter hook forward priority 0; policy drop; }
      }
END`);
    const ofNft = await diagnose(host, [...args, '--recipe', 'vxlan']);
    assertFinding(
      ofNft,
      'firewall',
      'warning',
      /the chain in of the nftables table inet guard drops/,
      'nft insert rule inet guard in udp dport 8472 accept',
    );
    assertFinding(
      ofNft,
      'forward-policy',
      'warning',
      /chain forward of the nftables table inet guard drops packets/,
    );
    for (const { command } of ofNft.filter(({ check }) => /^f(?:irewall|orward-policy)$/.test(check))) {
      await host.sh(command ?? '');
    }
    const cured = await diagnose(host, [...args, '--recipe', 'vxlan']);
    assertFinding(cured, 'firewall', 'ok', /pass/);
    assertFinding(cured, 'forward-policy', 'ok', /does not drop/);
    await host.sh('nft insert rule inet guard in udp dport @ports drop');
    assertFinding(
      await diagnose(host, [...args, '--recipe', 'vxlan']),
      'firewall',
      'unknown',
      /depends on rules/,
    );
  });

  test('finds what is missing: programs, privileges, modules, an interface, files, the store', async (t) => {
    const { host, store, args } = await start(t);
    // The kernel is shown without modules.
    await host.sh(`
      mkdir -p /run/upper /run/work /run/bin
      mount -t tmpfs modules /sys/module
      if ! [ -d /lib/modules ]; then
        mount -t overlay -o lowerdir=/usr/lib,upperdir=/run/upper,workdir=/run/work overlay /usr/lib
        mkdir /usr/lib/modules
      fi
      mount -t tmpfs none /lib/modules
      mkdir -p "/lib/modules/$(uname -r)"; echo 'kernel/drivers/net/dummy.ko.xz:' >"/lib/modules/$(uname -r)/modules.dep"
      for program in ip bridge sh; do ln -s "$(command -v $program)" /run/bin; done
      mkdir -m 777 /run/open
      touch /run/file
      touch -d '+1 hour' ${store.path}/subnets
    `);
    const findings = await diagnose(
      host,
      [...args, '--recipe', 'vxlan', '--state-dir', '/run/open', '--subnet-file', '/run/file/subnet.env'],
      { through: ['setpriv', '--inh-caps=-net_admin', '--bounding-set=-net_admin', 'env', 'PATH=/run/bin'] },
    );
    assertFinding(
      findings,
      'programs',
      'error',
      /not on PATH: .*\bawk\b/,
      'apt-get install coreutils grep mawk sed',
    );
    assertFinding(findings, 'privileges', 'warning', /CAP_NET_ADMIN/);
    assertFinding(findings, 'traffic-tools', 'warning', /no program/, 'apt-get install iptables');
    assertFinding(findings, 'kernel-modules', 'error', /module vxlan, so it cannot create flannel\.1/);
    assertFinding(findings, 'state-directory', 'error', /other users can write to it/, 'chmod 700 /run/open');
    assertFinding(findings, 'subnet-file', 'error', /\/run\/file/);
    assertFinding(findings, 'clock', 'warning', /behind that of the store/);
    await host.sh(`mount --bind ${store.path} ${store.path}; mount -o remount,bind,ro ${store.path}`);
    const broken = store.recipe('broken', { Network: '10.50.0.0', Backend: { Type: 'loom' } });
    const list = ['--cni-conf-dir', '/run/net.d', '--cni-conf', broken];
    const refused = await diagnose(host, [...args, '--recipe', broken, '--iface', 'eth9', ...list]);
    assertFinding(refused, 'cni-list', 'error', /broken\.json was refused: .* does not have plugins/);
    assertFinding(refused, 'recipe', 'error', /broken\.json was refused/);
    assertFinding(refused, 'interface', 'error', /eth9/);
    assertFinding(refused, 'store', 'error', /read-only/);
    assertFinding(refused, 'port', 'unknown', /needs a recipe/);
    const away = await diagnose(host, ['--etcd-endpoints', 'http://127.0.0.1:1', '--recipe', 'vxlan']);
    assertFinding(away, 'store', 'error', /refuses connections/);
    assertFinding(away, 'network', 'ok', /from the recipe; the store may have another/);
    assertFinding(away, 'port', 'ok', /8472/);
    assertFinding(await diagnose(host, args), 'network', 'error', /does not have a network configuration/);
  });

  test('finds, with --probe, a path that is narrower than the interface, and a peer that does not answer', async (t) => {
    const set = await startHosts([1, 1]);
    t.after(() => set.close());
    const [host, peer] = set.hosts;
    assert.ok(host && peer);
    const store = new StoreDirectory(t);
    store.put('10.50.7.0/24', peer.publicIp, { BackendType: 'vxlan' });
    const args = ['--store-dir', store.path, '--recipe', 'vxlan'];
    assertFinding(await diagnose(host, [...args, '--probe']), 'mtu', 'ok', /fit into eth0/);
    await peer.sh('ip link set dev eth0 mtu 1400');
    const narrow = new RegExp(`packets of 1500 bytes, .* do not reach ${peer.publicIp}, and small ones do`);
    const command = `tracepath -n ${peer.publicIp}`;
    assertFinding(await diagnose(host, [...args, '--probe']), 'mtu', 'warning', narrow, command);
    // Without --probe, no packet is sent.
    assertFinding(await diagnose(host, args), 'mtu', 'ok', /fit into eth0/);
    await peer.sh('ip link set dev eth0 down');
    const silent = new RegExp(`do not answer a ping: ${peer.publicIp}`);
    const route = `ip route get ${peer.publicIp}`;
    assertFinding(await diagnose(host, [...args, '--probe']), 'mtu', 'warning', silent, route);
  });

  test('finds the daemon of another network with the same subnet file, and reads variables as heddle up does', async (t) => {
    const { host, store, args } = await start(t);
    const recipe = store.recipe('loom', { ...network, Backend: { Type: 'loom' } });
    await host.sh('echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || true');
    const daemon = await startDaemon(host, [...args, '--recipe', recipe, '--iptables-forward-rules=false']);
    const same = await diagnose(host, [...args, '--recipe', recipe]);
    assertFinding(same, 'state-directory', 'ok', /a heddle daemon uses \/run\/state/);
    const other = await diagnose(host, [...args, '--recipe', recipe, '--state-dir', '/run/other']);
    assertFinding(other, 'other-daemon', 'error', /writes the subnet file \/run\/subnet\.env already/);
    assertFinding(other, 'bridge-filter', 'warning', /Kubernetes/);
    await daemon.stop();
    assertFinding(
      await diagnose(host, [...args, '--recipe', recipe]),
      'peers',
      'ok',
      /no heddle daemon uses/,
    );
    const given = await diagnose(host, [...args, '--recipe', recipe], {
      environment: { PATH: process.env['PATH'] ?? '', FLANNELD_PUBLIC_IP: '127.0.0.1' },
    });
    assertFinding(given, 'interface', 'error', /127\.0\.0\.1/);
  });

  test('finds peers of a running daemon that failed or were rejected, with the most frequent reason', async (t) => {
    const { host, store, args } = await start(t);
    const recipe = store.recipe('loom', {
      ...network,
      Backend: {
        Type: 'loom',
        SubnetAddCommand: [
          'echo "$SUBNET is added" >&2',
          '[ "$PUBLIC_IP" != 172.30.1.9 ] || { echo "no thread leads to $PUBLIC_IP" >&2; exit 1; }',
          '[ "$SUBNET" = 10.50.1.0/24 ] || { echo "the loom has room for 1 peer; use a wider one" >&2; exit 1; }',
        ],
      },
    });
    store.put('10.50.1.0/24', '172.30.1.11', { BackendType: 'loom' });
    const daemon = await startDaemon(host, [...args, '--recipe', recipe, '--iptables-forward-rules=false']);
    const ask = () => diagnose(host, [...args, '--recipe', recipe], { isBusy: true });
    assertFinding(await ask(), 'peers', 'ok', /^1 peer, all in place$/);
    store.put('10.50.2.0/24', '172.30.1.9', { BackendType: 'loom' });
    store.put('10.50.3.0/24', '172.30.1.13', { BackendType: 'loom' });
    store.put('10.50.4.0/24', '172.30.1.14', { BackendType: 'loom' });
    store.put('10.60.5.0/24', '172.30.1.15', { BackendType: 'loom' });
    for (const third of [2, 3, 4])
      await daemon.logged('peer-failed', ({ peer }) => peer.subnet === `10.50.${third}.0/24`);
    await daemon.logged('lease-rejected');
    const message =
      /^3 of 4 peers failed, 2 of them: 10\.50\.3\.0\/24 is added; the loom has room for 1 peer; use a wider one \(10\.50\.3\.0\/24 and 1 more\); 1 lease rejected: .*10\.60\.5\.0/;
    assertFinding(await ask(), 'peers', 'warning', message, 'heddle status --state-dir /run/state');
    await daemon.stop();
  });
});
