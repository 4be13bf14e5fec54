import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LabNodeStatus } from '../../src/lab/protocol.ts';
import type { LabReport } from '../../src/lab/report/report.ts';
import { firstProcess, machineState, pidNamespace, processesIn, runHeddle } from './lab-harness.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { unreadableCheckout } from '../../scripts/test/unprivileged.js';

const root = process.getuid?.() === 0;
const options = { skip: root ? false : 'needs root' };
const recipe = new URL('../../recipes/vxlan.json', import.meta.url).pathname;

function parseReport(stdout: string): LabReport {
  assert.equal(stdout.trimEnd().split('\n').length, 1, 'one line on stdout');
  return JSON.parse(stdout) as LabReport;
}

function assertPassed(report: LabReport, nodes: number): void {
  assert.deepEqual(report.reasons, []);
  assert.deepEqual(report.leftovers, []);
  assert.equal(report.passed, true);
  assert.equal(report.nodes.length, nodes);
  assert.equal(report.pairs.length, nodes * (nodes - 1));
  for (const pair of report.pairs) {
    assert.ok(pair.ok && pair.rttMs !== null, JSON.stringify(pair));
    for (const path of pair.paths) {
      assert.deepEqual([path.tcp, path.mtuPasses, path.oversizeFails], [true, true, true]);
    }
  }
}

describe('lab run', options, () => {
  for (const underlay of ['switched', 'routed']) {
    test(`vxlan on a ${underlay} underlay passes, and leaves the machine as it was`, async () => {
      const before = await machineState();
      const result = await runHeddle(['lab', 'run', recipe, '--underlay', underlay, '--json']);
      assert.equal(result.exitCode, 0, result.stderr);
      const report = parseReport(result.stdout);
      assertPassed(report, 3);
      assert.equal(report.recipe, 'vxlan');
      assert.deepEqual(await machineState(), before);
    });
  }

  test('one node has nobody to reach, and passes', async () => {
    const result = await runHeddle(['lab', 'run', 'vxlan', '--nodes', '1', '--json']);
    assert.equal(result.exitCode, 0, result.stderr);
    assertPassed(parseReport(result.stdout), 1);
  });

  test('people get tables and a closing line, and progress on stderr alone', async () => {
    const result = await runHeddle(['lab', 'run', recipe, '--nodes', '2']);
    assert.match(
      result.stdout,
      /✔ vxlan: 2 nodes, 2 of 2 pairs reach each other, ready in \d+ ms, nothing left behind$/,
    );
    assert.match(result.stderr, /lab: every node knows every other/);
    assert.equal(result.exitCode, 0);
  });

  test('runs without root in a user namespace', async (t) => {
    const wrapper = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
    if ((await runHeddle(['--help'], { wrapper })).exitCode !== 0) {
      t.skip(unreadableCheckout);
      return;
    }
    const before = await machineState();
    // The lab's overlay cannot copy a directory of a user that its namespace does not have.
    const environment = { TMPDIR: '/tmp' };
    const result = await runHeddle(['lab', 'run', recipe, '--json'], { wrapper, environment });
    assert.equal(result.exitCode, 0, result.stderr);
    assertPassed(parseReport(result.stdout), 3);
    assert.deepEqual(await machineState(), before);
  });

  test('host-gw on a routed underlay fails and says that the next hop is not on-link', async () => {
    const args = ['lab', 'run', 'host-gw', '--underlay', 'routed', '--nodes', '2', '--json'];
    const result = await runHeddle(args);
    assert.equal(result.exitCode, 13, result.stderr);
    const report = parseReport(result.stdout);
    assert.equal(report.passed, false);
    assert.match(
      report.reasons.join('\n'),
      /SubnetAddCommand on node\d .*on a routed underlay .*not on-link/is,
    );
    assert.match(result.stderr, /not on-link/);
  });

  test('bad arguments are refused before anything is made', async () => {
    for (const args of [
      ['--nodes', '0'],
      ['--nodes', '51'],
      ['--nodes', 'x'],
      ['--underlay', 'x'],
      ['--param', 'x'],
      ['--store', 'x'],
      ['--tls'],
    ]) {
      const result = await runHeddle(['lab', 'run', recipe, ...args]);
      assert.equal(result.exitCode, 2, `${args.join(' ')}: ${result.stderr}`);
      assert.equal(result.stdout, '');
    }
  });
});

describe('a recipe that goes wrong', options, () => {
  const directory = temporaryDirectory({ after });

  const write = async (name: string, backend: object): Promise<string> => {
    const path = join(directory, `${name}.json`);
    await writeFile(
      path,
      JSON.stringify({ Network: '10.50.0.0/16', Backend: { Type: 'extension', ...backend } }),
    );
    return path;
  };

  test('a command that fails on start decides the exit code, and its stderr is shown', async () => {
    const path = await write('broken', { PreStartupCommand: 'echo no such loom >&2; exit 3' });
    const result = await runHeddle(['lab', 'run', path, '--nodes', '2', '--json']);
    assert.equal(result.exitCode, 10, result.stderr);
    const report = parseReport(result.stdout);
    assert.equal(report.passed, false);
    assert.equal(report.readyMs, null);
    assert.deepEqual(report.leftovers, []);
    assert.match(result.stderr, /no such loom/);
    assert.match(report.reasons.join('\n'), /node1/);
  });

  test('its logs stay to be read, although the lab is gone', async () => {
    const path = await write('silent', {
      PreStartupCommand: 'if [ "$NODE_NAME" = node2 ]; then echo no such loom >&2; exit 3; fi',
    });
    const result = await runHeddle(['lab', 'run', path, '--nodes', '2']);
    assert.equal(result.exitCode, 10, result.stderr);
    assert.match(result.stdout, /, only 1 of 2 nodes ready, /);
    const [, saved = ''] = /^the logs of the nodes are in (\S+);/m.exec(result.stderr) ?? [];
    assert.match(await readFile(join(saved, 'node1.log'), 'utf8'), /^\S+ info {2}heddle /);
    assert.match(
      await readFile(join(saved, 'node2.log'), 'utf8'),
      /error PreStartupCommand [^]*no such loom/,
    );
    assert.equal((await stat(saved)).mode & 0o777, 0o700);
  });

  test('with --keep-failed the lab stays, with its logs and a shell', async (t) => {
    const path = await write('kept', { SubnetAddCommand: 'echo no such loom >&2; exit 3' });
    const result = await runHeddle(['lab', 'run', path, '--nodes', '2', '--keep-failed', '--json']);
    const [, name = ''] = /heddle lab down --name (\S+)$/m.exec(result.stderr) ?? [];
    t.after(() => runHeddle(['lab', 'down', '--name', name]));
    assert.equal(result.exitCode, 13, result.stderr);
    assert.equal(parseReport(result.stdout).passed, false);
    const logs = await runHeddle(['lab', 'logs', '--name', name, 'node1']);
    assert.match(logs.stdout, /^\S+ warn {2}peer .* could not be added [^]*\n {4}no such loom$/m);
    const lines = (await runHeddle(['lab', 'logs', '--name', name, '--raw', 'node2'])).stdout.split('\n');
    assert.equal((JSON.parse(lines[0] ?? '') as { event: string }).event, 'started');
    const stranger = await runHeddle(['lab', 'logs', '--name', name, 'node3']);
    assert.match(stranger.stderr, /does not have a log of node3\n {2}choose one of node1, node2$/);
    const environment = { SHELL: '/bin/sh' };
    const shell = ['lab', 'exec', '--name', name, 'node2'];
    const inside = await runHeddle(shell, {
      input: 'hostname; heddle status | head -1; exit 5',
      environment,
    });
    assert.match(inside.stdout, /^node2\nnode +node2, /);
    assert.equal(inside.exitCode, 5);
    assert.equal((await runHeddle(['lab', 'down', '--name', name])).exitCode, 0);
  });

  test('what its ShutdownCommand forgets is named', async () => {
    const path = await write('forgetful', {
      PostStartupCommand: 'ip link add forgotten type bridge; ip rule add from 10.9.9.9 lookup 99',
      ShutdownCommand: 'true',
    });
    const result = await runHeddle(['lab', 'run', path, '--nodes', '1', '--json']);
    assert.equal(result.exitCode, 13, result.stderr);
    const left = parseReport(result.stdout).leftovers.join('\n');
    assert.match(left, /^node1: link forgotten mtu 1500$/m);
    assert.match(left, /^node1: rule .*from 10\.9\.9\.9 lookup 99$/m);
  });

  test('a published MTU that only works in fragments is found', async () => {
    const path = await write('oversized', {
      Overhead: 0,
      PreStartupCommand:
        'ip link add fl type vxlan id 1 dstport 8472 nolearning && ip link set mtu 1500 dev fl && cat /sys/class/net/fl/address',
      PostStartupCommand: 'ip addr add $SUBNET_IP/32 dev fl && ip link set fl up',
      SubnetAddCommand:
        'read VTEP; ip route add $SUBNET via $SUBNET_IP dev fl onlink && ip neigh add $SUBNET_IP lladdr $VTEP dev fl && bridge fdb add $VTEP dev fl dst $PUBLIC_IP',
      ShutdownCommand: 'ip link del fl',
    });
    const result = await runHeddle(['lab', 'run', path, '--nodes', '2', '--json']);
    assert.equal(result.exitCode, 13, result.stderr);
    const report = parseReport(result.stdout);
    assert.match(
      report.reasons.join('\n'),
      /1500 bytes, are fragmented on the underlay of node1: the published MTU is 50 bytes too large; raise Overhead in the recipe by 50/,
    );
    assert.deepEqual(report.leftovers, []);
  });

  test('both families are probed where the overlay has both', async () => {
    const path = join(directory, 'dual.json');
    const backend = {
      Type: 'extension',
      SubnetAddCommand:
        'ip route replace $SUBNET via $PUBLIC_IP && ip -6 route replace $IPV6SUBNET via $PUBLIC_IPV6',
      SubnetRemoveCommand: 'ip route del $SUBNET; ip -6 route del $IPV6SUBNET',
    };
    const network = { Network: '10.50.0.0/16', EnableIPv6: true, IPv6Network: '2001:cafe:42::/56' };
    await writeFile(path, JSON.stringify({ ...network, Backend: backend }));
    const result = await runHeddle(['lab', 'run', path, '--nodes', '2', '--json']);
    assert.equal(result.exitCode, 0, result.stderr);
    const report = parseReport(result.stdout);
    assertPassed(report, 2);
    for (const { paths } of report.pairs)
      assert.deepEqual(
        paths.map(({ family }) => family),
        [4, 6],
      );
  });

  test('the shipped vxlan recipe carries both families, each with its MTU', async () => {
    const recipe = JSON.parse(
      await readFile(new URL('../../recipes/vxlan.json', import.meta.url), 'utf8'),
    ) as Record<string, unknown>;
    const path = join(directory, 'vxlan-dual.json');
    await writeFile(path, JSON.stringify({ ...recipe, EnableIPv6: true, IPv6Network: 'fd00:50::/48' }));
    const result = await runHeddle(['lab', 'run', path, '--nodes', '2', '--json']);
    assert.equal(result.exitCode, 0, result.stderr);
    const report = parseReport(result.stdout);
    assertPassed(report, 2);
    for (const { mtu } of report.nodes) assert.equal(mtu, 1430);
    for (const { paths } of report.pairs) assert.equal(paths.length, 2);
  });

  test('a process it leaves running is named', async () => {
    const path = await write('haunted', {
      PostStartupCommand: 'sleep 4242 </dev/null >/dev/null 2>&1 &',
      ShutdownCommand: 'true',
    });
    const result = await runHeddle(['lab', 'run', path, '--nodes', '1', '--json']);
    assert.match(parseReport(result.stdout).leftovers.join('\n'), /^node1: process \d+ sleep 4242$/m);
  });

  test('files it writes to /tmp, /var and /etc never reach the machine', async () => {
    const name = `heddle-lab-test-${process.pid}`;
    const files = ['/tmp', '/var/tmp', '/etc', '/run'].map((place) => `${place}/${name}`);
    const path = await write('littering', { PostStartupCommand: `touch ${files.join(' ')}` });
    const result = await runHeddle(['lab', 'run', path, '--nodes', '1', '--json']);
    assert.equal(result.exitCode, 0, result.stderr);
    assert.deepEqual(
      files.filter((file) => existsSync(file)),
      [],
    );
  });
});

describe('lab up', options, () => {
  const name = `test-${process.pid}`;
  const inLab = (verb: string, ...args: string[]): ReturnType<typeof runHeddle> =>
    runHeddle(['lab', verb, '--name', name, ...args]);
  const status = async (node: string): Promise<LabNodeStatus> => {
    const { stdout } = await inLab('ps', '--json');
    const { nodes } = JSON.parse(stdout) as { nodes: LabNodeStatus[] };
    const found = nodes.find((candidate) => candidate.name === node);
    assert.ok(found, stdout);
    return found;
  };

  before(async () => {
    const result = await runHeddle(['lab', 'up', recipe, '--name', name, '--nodes', '2']);
    assert.equal(result.exitCode, 0, result.stderr);
  });
  after(async () => {
    await inLab('down');
  });

  test('a second lab of the same name is refused, one of another name is not', async () => {
    const again = await runHeddle(['lab', 'up', recipe, '--name', name]);
    assert.equal(again.exitCode, 11);
    assert.match(again.stderr, /is already running/);
    const beside = await runHeddle(['lab', 'run', recipe, '--nodes', '2', '--json']);
    assertPassed(parseReport(beside.stdout), 2);
  });

  test('exec runs in a node, passes stdin in and the exit code out', async () => {
    const echo = await runHeddle(
      ['lab', 'exec', '--name', name, 'node2', '--', 'sh', '-c', 'hostname; cat; exit 7'],
      {
        input: 'woven\n',
      },
    );
    assert.equal(echo.stdout, 'node2\nwoven');
    assert.equal(echo.exitCode, 7);
    const missing = await inLab('exec', 'node1', '--', 'no-such-program');
    assert.equal(missing.exitCode, 127);
    const killed = await inLab('exec', 'node1', '--', 'sh', '-c', 'kill -9 $$');
    assert.equal(killed.exitCode, 137);
  });

  test('exec hands on options, and reaches pods', async () => {
    const other = await status('node2');
    const ping = await inLab('exec', 'node1-pod', 'ping', '-c1', '-W1', other.pod ?? '');
    assert.equal(ping.exitCode, 0, ping.stdout);
  });

  test('the nodes’ heddle knows the lab’s store', async () => {
    const leases = await inLab('exec', 'node1', '--', 'heddle', 'leases', '--json');
    assert.equal(leases.exitCode, 0, leases.stderr);
    assert.match(leases.stdout, /172\.30\.0\.2/);
  });

  test('an unknown lab or node is refused with those there are', async () => {
    const noNode = await inLab('exec', 'node9', '--', 'true');
    assert.equal(noNode.exitCode, 12);
    assert.match(noNode.stderr, /node1, node2/);
    const noLab = await runHeddle(['lab', 'ps', '--name', 'no-such-lab']);
    assert.equal(noLab.exitCode, 12);
    assert.match(noLab.stderr, new RegExp(name));
  });

  test('a stopped daemon takes its network with it and comes back when started', async () => {
    assert.equal((await inLab('stop', 'node2')).exitCode, 0);
    assert.equal((await status('node2')).daemon, 'stopped');
    const links = await inLab('exec', 'node2', '--', 'ip', '-brief', 'link');
    assert.doesNotMatch(links.stdout, /flannel/);
    assert.equal((await inLab('stop', 'node2')).exitCode, 12);
    const started = await inLab('start', 'node2');
    assert.equal(started.exitCode, 0, started.stderr);
    assert.equal((await inLab('start', 'node2')).exitCode, 11);
    assert.equal((await status('node2')).daemon, 'ready');
  });

  test('a killed daemon leaves its network, and takes it over when started', async () => {
    assert.equal((await inLab('kill', 'node1')).exitCode, 0);
    const links = await inLab('exec', 'node1', '--', 'ip', '-brief', 'link');
    assert.match(links.stdout, /flannel/);
    assert.equal((await inLab('start', 'node1')).exitCode, 0);
  });

  test('cut pulls the cable of a node, join plugs it in', async () => {
    const other = (await status('node2')).publicIp;
    const ping = ['ping', '-c1', '-W1', other];
    assert.equal((await inLab('cut', 'node1')).exitCode, 0);
    assert.equal((await status('node1')).link, 'cut');
    assert.notEqual((await inLab('exec', 'node1', '--', ...ping)).exitCode, 0);
    assert.equal((await inLab('join', 'node1')).exitCode, 0);
    assert.equal((await inLab('exec', 'node1', '--', ...ping)).exitCode, 0);
  });

  const processNamespace = async (node: string): Promise<string> =>
    (await inLab('exec', node, '--', 'readlink', '/proc/self/ns/pid')).stdout;

  test('each node has processes of its own, and its own /proc', async () => {
    const namespaces = [await processNamespace('node1'), await processNamespace('node2')];
    assert.notEqual(namespaces[0], namespaces[1]);
    const first = (await inLab('exec', 'node1', '--', 'cat', '/proc/1/cmdline')).stdout.split('\0');
    assert.ok(first.includes('node1') && !first.includes('node2'), first.join(' '));
    const daemons = await inLab('exec', 'node1', '--', 'pgrep', '-c', '-f', 'heddle.js up');
    assert.equal(daemons.stdout, '1');
  });

  test('a stopped process does not keep the lab from noticing its end', async () => {
    const own = "pgrep -o -f 'heddle.js up'";
    assert.equal((await inLab('exec', 'node2', '--', 'sh', '-c', `kill -STOP $(${own})`)).exitCode, 0);
    assert.equal((await inLab('kill', 'node2')).exitCode, 0);
    assert.equal((await status('node2')).daemon, 'stopped');
    assert.equal((await inLab('start', 'node2')).exitCode, 0);
  });

  test('orphans are reaped by the first process of a node', async () => {
    await inLab('exec', 'node1', '--', 'sh', '-c', '(sleep 0 &) ; exit 0');
    const namespace = await processNamespace('node1');
    assert.ok(processesIn(namespace).length > 0);
    const zombies = async (): Promise<number> => {
      const states = await Promise.all(
        processesIn(namespace).map(({ pid }) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
      );
      return states.filter((stat) => stat.slice(stat.lastIndexOf(')')).startsWith(') Z')).length;
    };
    await until('zombies to be reaped', async () => (await zombies()) === 0);
  });
});

test('lab down leaves nothing of a lab', options, async () => {
  const name = `down-${process.pid}`;
  const up = await runHeddle(['lab', 'up', recipe, '--name', name, '--nodes', '2']);
  assert.equal(up.exitCode, 0, up.stderr);
  const node = await runHeddle(['lab', 'exec', '--name', name, 'node1', 'readlink', '/proc/self/ns/pid']);
  const namespaces = [pidNamespace(await firstProcess(name)) ?? '', node.stdout];
  assert.ok(namespaces.every((namespace) => processesIn(namespace).length > 0));
  const down = await runHeddle(['lab', 'down', '--name', name]);
  assert.equal(down.exitCode, 0);
  assert.match(down.stdout, /was removed/);
  await until('every process of the lab to be gone', () =>
    namespaces.every((namespace) => processesIn(namespace).length === 0),
  );
  assert.equal((await runHeddle(['lab', 'down', '--name', name])).exitCode, 12);
});
