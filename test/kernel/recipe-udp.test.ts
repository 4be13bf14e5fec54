import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { runOn, startDaemon } from './harness/daemon.ts';
import { dumpState, findDevice, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { OverlayNode } from './harness/overlay-node.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const skip = reasonToSkip('socat', 'setsid') || (!existsSync('/dev/net/tun') && 'needs /dev/net/tun');
const recipe = readSoundRecipe('recipes/udp.json');

/** The tuns of node 2 and node 3: their names have the subnet in hexadecimal digits. */
const [tun2, tun3] = ['flannel0a320200', 'flannel0a320300'];
const bothSubnets = ['10.50.2.0/24', '10.50.3.0/24'];

/** The programs that the recipe runs on a node, each with its process id. */
function programsOf({ host }: OverlayNode): Promise<readonly string[]> {
  return host.lines(`
    for file in /run/state/*.pid; do
      if [ -e "$file" ]; then cat "$file"; tr '\\0' ' ' <"/proc/$(cat "$file")/cmdline"; echo; fi
    done`);
}

/** Waits until a node's sockets are open: socat runs a moment after its loop. */
async function awaitSockets({ host }: OverlayNode, port = 8285): Promise<void> {
  for (const peer of ['172[.]30[.]1[.]2', '172[.]30[.]1[.]3'])
    await host.until(`ss -Huan | grep -q '172[.]30[.]1[.]1:${port} *${peer}:${port}'`);
}

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/udp.json under ${shell.name}`, { skip }, () => {
    test('makes a tun and a socket for each peer, and they carry traffic of at most the MTU', async (t) => {
      const nodes = await joinedNodes(t, recipe, { shell });
      const [node1, node2] = nodes;
      const { host } = node1;
      await awaitSockets(node1);
      const device = await findDevice(host, 'flannel0');
      assert.deepEqual([device?.kind, device?.mtu, device?.addresses], ['tun', 1472, ['10.50.1.0/32']]);
      assert.equal((await findDevice(host, tun2))?.mtu, 1472);
      assert.deepEqual(node1.published, { v4: undefined, v6: undefined });
      assert.deepEqual(await routesOf(host), [
        `10.50.2.0/24 dev ${tun2} proto 104 scope link src 10.50.1.0 metric 171049472`,
        `10.50.3.0/24 dev ${tun3} proto 104 scope link src 10.50.1.0 metric 171049728`,
      ]);
      assert.deepEqual(await node1.check(), bothSubnets);
      for (const { host: other } of nodes) await other.until('ss -Huan | grep -q 172[.]30[.]1[.]1:8285');
      assert.equal(await ping(host, '10.50.3.0', 1472), true);
      assert.equal(await ping(host, '10.50.3.0', 1473), false);
      await assertTcpPasses(host, node2.host, '10.50.2.0');
    });

    test('a second run of any command changes nothing, and removes and shutdown leave nothing', async (t) => {
      const [node1, node2, node3] = await threeNodes(t, recipe, { shell });
      const before = await dumpState(node1.host);
      for (const peer of [node2, node3]) await peer.start();
      await runAgain(node1, [node2, node3]);
      await awaitSockets(node1);
      const [state, programs] = [await dumpState(node1.host), await programsOf(node1)];
      assert.deepEqual(await watchKernel(node1.host, () => runAgain(node1, [node2, node3])), []);
      assert.deepEqual([await dumpState(node1.host), await programsOf(node1)], [state, programs]);

      await node1.remove(node2);
      await node1.remove(node2);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
      assert.equal(await findDevice(node1.host, tun2), undefined);
      await node1.succeed('ShutdownCommand');
      await node1.succeed('ShutdownCommand');
      assert.deepEqual(await dumpState(node1.host), before);
      assert.deepEqual(await node1.host.lines('ls /run/state'), []);
      await node1.host.until('! ss -Huan | grep -q 172[.]30[.]1[.]1:8285');
    });
  });
}

describe('recipes/udp.json', { skip }, () => {
  test('sends the packet itself in a datagram, and takes one from there', async (t) => {
    const [node1, node2] = await threeNodes(t, recipe);
    await node1.start();
    await node1.add(node2);
    // What flanneld does: answers come from the port that packets are sent to.
    const flanneld = node2.host.run([
      process.execPath,
      '-e',
      `
      const socket = require('dgram').createSocket('udp4').bind(8285, '172.30.1.2');
      socket.once('message', (packet, { address, port }) => {
        const answer = Buffer.from(packet);
        packet.copy(answer, 12, 16, 20); // from the destination
        packet.copy(answer, 16, 12, 16); // to the source
        answer[20] = 0; // an echo reply in place of a request: its checksum is greater by 0x800
        answer.writeUInt16BE((packet.readUInt16BE(22) + 0x800) % 0xffff, 22);
        socket.send(answer, port, address, () => socket.close());
        console.log(port, packet.length, packet[0].toString(16), packet[9], packet.subarray(12, 20).join('.'));
      });`,
    ]);
    await node2.host.until('ss -Huln | grep -q 172[.]30[.]1[.]2:8285');
    await node1.host.until("ss -Huan | grep -q '172[.]30[.]1[.]1:8285 *172[.]30[.]1[.]2:8285'");
    assert.equal(await ping(node1.host, '10.50.2.0', 100), true);
    assert.equal((await flanneld).stdout, '8285 100 45 1 10.50.1.0.10.50.2.0');
  });

  test('Port is the port of both ends', async (t) => {
    const [node1] = await joinedNodes(t, recipe, { parameters: { Port: 9285 } });
    await awaitSockets(node1, 9285);
    assert.deepEqual(await node1.check(), bothSubnets);
    await node1.host.until('ping -c 1 -W 1 10.50.2.0 >/dev/null');
  });

  test('a peer that does not listen yet is reached when it does', async (t) => {
    const [node1, node2] = await threeNodes(t, recipe);
    await node1.start();
    await node1.add(node2);
    await node1.host.sh('ping -c 2 -W 1 10.50.2.0 || true');
    await node2.start();
    await node2.add(node1);
    await node1.host.until('ping -c 1 -W 1 10.50.2.0 >/dev/null');
  });

  const drift = {
    'its route deleted': 'ip route delete 10.50.2.0/24',
    'its route led astray': 'ip route replace 10.50.2.0/24 via 172.30.1.3 dev eth0',
    'its tun deleted': `ip link delete ${tun2}`,
    'its tun down': `ip link set ${tun2} down`,
    'the MTU of its tun changed': `ip link set ${tun2} mtu 1300`,
    'its program ended': `kill -s KILL -- -$(cat /run/state/${tun2}.pid)`,
    'its process id forgotten': `kill -s KILL -- -$(cat /run/state/${tun2}.pid); rm /run/state/${tun2}.pid`,
  };
  test('a peer that drifted is not listed any more, and SubnetAdd repairs it', async (t) => {
    const [node1, node2] = await joinedNodes(t, recipe);
    await awaitSockets(node1);
    const routes = await routesOf(node1.host);
    for (const [what, command] of Object.entries(drift)) {
      await node1.host.sh(command);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24'], what);
      await node1.add(node2);
      assert.deepEqual(await node1.check(), bothSubnets, what);
      await awaitSockets(node1);
      assert.deepEqual(await routesOf(node1.host), routes, what);
    }
  });

  test('a tun that was deleted or down carries packets as soon as SubnetAdd has run', async (t) => {
    const environment = { PATH: `/run/programs:${process.env['PATH'] ?? ''}` };
    const [node1, node2] = await joinedNodes(t, recipe, { environment });
    const { host } = node1;
    await awaitSockets(node1);
    // A loop that waits a second before it starts socat again now waits for ever.
    await host.sh(`
      mkdir /run/programs
      printf '#!/bin/sh\\nexec tail -f /dev/null\\n' >/run/programs/sleep
      chmod 755 /run/programs/sleep`);
    for (const command of [`ip link delete ${tun2}`, `ip link set ${tun2} down`]) {
      await host.sh(command);
      // socat ends at the latest when it writes a packet to the tun.
      await node2.host.sh('ping -c 2 -i 0.2 -W 0.2 10.50.1.0 || true');
      await host.until("! ss -Huan | grep -q '172[.]30[.]1[.]1:8285 *172[.]30[.]1[.]2:8285'");
      await node1.add(node2);
      await awaitSockets(node1);
      await host.until('ping -c 1 -W 1 10.50.2.0 >/dev/null');
    }
  });

  const broken = {
    'the device deleted': 'ip link delete flannel0',
    'the device down': 'ip link set flannel0 down',
    'its MTU changed': 'ip link set flannel0 mtu 1300',
    'its address deleted': 'ip address delete 10.50.1.0/32 dev flannel0',
    'another device of that name': 'ip link delete flannel0; ip link add flannel0 up type bridge',
    'the program for packets of strangers ended': 'kill -s KILL -- -$(cat /run/state/flannel0.pid)',
  };
  test('a network that is broken fails the check, and a new start repairs it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    for (const [what, command] of Object.entries(broken)) {
      await node1.host.sh(command);
      assert.ok('broken' in (await node1.check()), what);
      await runAgain(node1, [node2, node3]);
      assert.deepEqual(await node1.check(), bothSubnets, what);
    }
    await node1.host.until('ping -c 1 -W 1 10.50.2.0 >/dev/null');
  });

  test('a peer that nobody remembers is listed, and its subnet is enough to remove it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    assert.deepEqual(await node1.check([node3]), bothSubnets);
    await node1.host.sh('ip route delete 10.50.2.0/24');
    assert.deepEqual(await node1.check([node3]), bothSubnets, 'its tun is left');
    await node1.removeStranger('10.50.2.0/24');
    assert.deepEqual(await node1.check([node3]), ['10.50.3.0/24']);
    assert.equal((await node1.host.lines('ls /run/state')).includes(`${tun2}.pid`), false);
    await node1.add(node2);
    assert.deepEqual(await node1.check(), bothSubnets);
  });

  test('a peer at another address gets another socket', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    await node2.host.sh('ip address add 172.30.1.22/24 dev eth0');
    const moved = new OverlayNode(node2.host, recipe, { publicIp: '172.30.1.22' });
    assert.deepEqual(await node1.check([moved, node3]), ['10.50.3.0/24']);
    await node1.add(moved);
    assert.deepEqual(await node1.check([moved, node3]), bothSubnets);
    await node1.host.until("ss -Huan | grep -q '172[.]30[.]1[.]1:8285 *172[.]30[.]1[.]22:8285'");
    await node1.host.until("! ss -Huan | grep -q '172[.]30[.]1[.]1:8285 *172[.]30[.]1[.]2:8285'");
  });

  test('has at most 200 peers', async (t) => {
    const [node1, node2] = await threeNodes(t, recipe);
    await node1.start();
    await node1.host.sh('for n in $(seq 200); do : >"/run/state/flannel$(printf %08x "$n").pid"; done');
    await assert.rejects(
      node1.add(node2),
      /udp with socat has at most 200 peers; use a kernel with the module fou/,
    );
    await node1.host.sh('rm /run/state/flannel00000001.pid');
    await node1.add(node2);
  });

  test('a peer in its place is repaired also while another one is refused', async (t) => {
    const [node1, node2] = await threeNodes(t, recipe);
    const { host } = node1;
    await node1.start();
    await node1.add(node2);
    // One more than there may be: that of a peer that is about to be refused.
    await host.sh('for n in $(seq 200); do : >"/run/state/flannel$(printf %08x "$n").pid"; done');
    await host.sh(`ip link delete dev ${tun2}`);
    await node1.add(node2);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24']);
  });

  test('has at most 200 peers also if two are added at the same time', async (t) => {
    const environment = { PATH: `/run/programs:${process.env['PATH'] ?? ''}` };
    const [node1, node2, node3] = await threeNodes(t, recipe, { environment });
    const { host } = node1;
    await node1.start();
    await host.sh('for n in $(seq 199); do : >"/run/state/flannel$(printf %08x "$n").pid"; done');
    // The first one is stopped before it makes its tun, until the other one has been tried.
    await host.sh(`
      mkdir /run/programs
      cat >/run/programs/ip <<'END'
#!/bin/sh
if [ "$1 $4" = "tuntap ${tun2}" ]; then : >/run/stopped; until [ -e /run/released ]; do sleep 0.05; done; fi
PATH=\${PATH#/run/programs:} exec ip "$@"
END
      chmod 755 /run/programs/ip`);
    const first = node1.add(node2);
    await host.until('[ -e /run/stopped ]');
    try {
      await assert.rejects(node1.add(node3), /udp with socat has at most 200 peers/);
    } finally {
      await host.sh(': >/run/released');
      await first;
    }
    assert.deepEqual(await node1.check(), ['10.50.2.0/24']);
  });

  test('heddle doctor and heddle status name the peer beyond 200 and what to do', async (t) => {
    const { host, store } = await oneHost(t);
    await host.sh('for n in $(seq 199); do : >"/run/state/flannel$(printf %08x "$n").pid"; done');
    const [first, beyond] = ['10.50.7.0/24', '10.50.8.0/24'];
    const network = ['--store-dir', store.path, '--recipe', 'udp'];
    // A lease of this backend does not name a type.
    const put = (subnet: string, address: string) =>
      store.putText(subnet, JSON.stringify({ PublicIP: address, PublicIPv6: null }));
    put(first, '172.30.1.7');
    const daemon = await startDaemon(host, [...network, '--iptables-forward-rules=false']);
    put(beyond, '172.30.1.8');
    await daemon.logged('peer-failed', ({ peer }) => peer.subnet === beyond);
    const { stdout } = await runOn(
      host,
      'doctor',
      ...network,
      '--iface',
      'eth0',
      '--subnet-file',
      '/run/subnet.env',
    );
    const advice =
      'udp with socat has at most 200 peers; use a kernel with the module fou, or another backend';
    assert.match(
      stdout,
      new RegExp(`^! peers +1 of 2 peers failed: ${advice} \\(10\\.50\\.8\\.0/24\\)$`, 'm'),
    );
    const status = await runOn(host, 'status');
    assert.equal(status.exitCode, exitCodes.degraded);
    assert.match(
      status.stdout,
      new RegExp(`failing peers\n +${beyond} at 172\\.30\\.1\\.8: .*\n +${advice}$`, 'm'),
    );
    assert.equal((await daemon.stop()).exitCode, 0);
  });

  test('a network with IPv6 is refused, and nothing is made', async (t) => {
    const [node1] = await threeNodes(t, recipe, { families: 'dual-stack' });
    await assert.rejects(node1.start(), /udp carries IPv4 only; set EnableIPv6 to false/);
    assert.equal(await findDevice(node1.host, 'flannel0'), undefined);
  });
});
