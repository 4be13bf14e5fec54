import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startEtcd } from './etcd/host-etcd.ts';
import { PodPing } from './etcd/pod-ping.ts';
import { startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { endProgram, type CommandEnd, type Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';

const flanneld = process.env['FLANNELD'];
const skip =
  reasonToSkip('etcd', 'iptables') || (flanneld === undefined && 'needs a flanneld: FLANNELD=PATH names one');

/** Packets that have to be answered after a step. */
const afterwards = 100;
/** The time for which a program of this test may run. */
const seconds = 120;

/** A running flanneld. */
interface Flanneld {
  stop(): Promise<CommandEnd>;
}

describe('a node is moved from flanneld to heddle and back', { skip }, () => {
  for (const type of ['vxlan', 'host-gw']) {
    test(type, async (t) => {
      const set = await startHosts([1, 1, 1]);
      t.after(() => set.close());
      const [moved, other, third] = set.hosts;
      assert.ok(moved && other && third);
      const keys = await startEtcd(t, third, third.publicIp);
      await keys.setNetwork({ Network: '10.50.0.0/16', Backend: { Type: type } });
      const args = [
        `-etcd-endpoints=http://${third.publicIp}:2379`,
        ...['-iface=eth0', '-subnet-file=/run/subnet.env', '-ip-masq', '-iptables-forward-rules=true'],
      ];
      const program = nameFlanneld(t);
      // Only the rules for forwarding let packets of pods through.
      for (const host of set.hosts) {
        await host.sh('echo 1 >/proc/sys/net/ipv4/ip_forward; iptables -P FORWARD DROP');
      }

      let daemon = await startFlanneld(moved, program, args);
      const peers = [
        await startDaemon(other, args, { isBare: true, seconds }),
        await startFlanneld(third, program, args),
      ];
      const pods = await Promise.all(set.hosts.map(addPod));
      const before = await stateOf(moved, type);
      assert.match(await moved.sh('iptables -S FORWARD'), /-j FLANNEL-FWD/);
      const pings = await Promise.all([
        ping(other, pods[0]),
        ping(third, pods[0]),
        ping(moved, pods[1]),
        ping(moved, pods[2]),
      ]);

      await daemon.stop();
      const heddle = await startDaemon(moved, [...args, '--on-exit', 'leave'], { isBare: true, seconds });
      assert.equal((await heddle.logged('lease-acquired')).how, 'reused');
      for (const each of pings) assert.equal(await each.lost(afterwards), 0, heddle.describe());
      assert.deepEqual(await stateOf(moved, type), before);
      const rules = await moved.sh('iptables -S FORWARD; iptables -t nat -S POSTROUTING');
      assert.match(rules, /-j HEDDLE-FWD\n[^]*-j HEDDLE-POSTRTG/);
      assert.doesNotMatch(rules, /FLANNEL/);
      assert.deepEqual(heddle.all('warning'), []);

      await heddle.stop();
      daemon = await startFlanneld(moved, program, args);
      for (const each of pings) assert.equal(await each.lost(afterwards), 0);
      assert.deepEqual(await stateOf(moved, type), before);
      assert.match(await moved.sh('iptables -S FORWARD'), /-j FLANNEL-FWD/);
      await Promise.all([daemon.stop(), ...peers.map((peer) => peer.stop())]);
    });
  }
});

/** A path of the flanneld that ends in its usual name, by which heddle finds it. */
function nameFlanneld(t: TestContext): string {
  const path = join(temporaryDirectory(t), 'flanneld');
  symlinkSync(resolve(flanneld ?? ''), path);
  return path;
}

/** Starts a flanneld and waits until its rules and its subnet file are there. */
async function startFlanneld(host: Host, program: string, args: readonly string[]): Promise<Flanneld> {
  await host.sh('rm -f /run/subnet.env');
  const child = host.start([program, ...args], { seconds });
  await host.until(
    '[ -s /run/subnet.env ] && iptables -t nat -S FLANNEL-POSTRTG 2>/dev/null | grep -q MASQUERADE && ' +
      'iptables -S FLANNEL-FWD 2>/dev/null | grep -q ACCEPT',
  );
  return {
    stop: async () => {
      endProgram(child);
      const { exitCode, stdout, stderr } = await child;
      return { exitCode, stdout, stderr };
    },
  };
}

/** Adds a pod with an address of the node's subnet. Returns the address. */
async function addPod(host: Host): Promise<string> {
  return host.sh(`
    . /run/subnet.env
    base=\${FLANNEL_SUBNET%.*}
    ip netns add pod
    ip link add pod0 type veth peer name eth0 netns pod
    ip address add "$FLANNEL_SUBNET" dev pod0
    ip link set pod0 up
    ip -n pod link set eth0 mtu "$FLANNEL_MTU" up
    ip -n pod address add "$base.2/24" dev eth0
    ip -n pod route add default via "$base.1"
    echo "$base.2"`);
}

/** A ping of 100 packets a second from the pod of a host. */
async function ping(host: Host, target: string | undefined): Promise<PodPing> {
  const child = host.start(['ip', 'netns', 'exec', 'pod', 'ping', '-n', '-i', '0.01', target ?? ''], {
    seconds,
  });
  return PodPing.read(child.stdout);
}

/** The subnet, the device and the MAC of a node: what its pods and its peers rely on. */
async function stateOf(host: Host, type: string): Promise<readonly string[]> {
  const device =
    type === 'vxlan' ? 'cat /sys/class/net/flannel.1/ifindex /sys/class/net/flannel.1/address' : 'true';
  return host.lines(`grep FLANNEL_SUBNET /run/subnet.env; grep FLANNEL_MTU /run/subnet.env; ${device}`);
}
