import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { LabListing } from '../../src/lab/ps.ts';
import type { LabReport } from '../../src/lab/report/report.ts';
import { assertOutput } from '../support/output-schema.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { Daemon, runOn, startDaemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { runHeddle, spawnLab } from './lab-harness.ts';

const options = { skip: reasonToSkip() };
const network = { Network: '10.50.0.0/16' };
const type = 'extension';

async function statusOn(host: Host): Promise<NodeStatus> {
  return assertOutput('status', (await runOn(host, 'status', '--json')).stdout) as NodeStatus;
}

describe('the schema accepts the status of a node', options, () => {
  test('that starts, runs, fails for a peer and cannot be taken down whole', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.9.0/24', '192.0.2.9');
    store.put('10.50.10.0/24', '192.0.2.10');
    // Twice the same underlay address, a lease of another type, a reservation, and one outside of the network.
    store.put('10.50.11.0/24', '192.0.2.10');
    store.put('10.50.12.0/24', '192.0.2.12', { BackendType: 'vxlan' });
    store.put('10.50.13.0/24', '192.0.2.13', { BackendType: '' });
    store.put('10.51.0.0/24', '192.0.2.14');
    store.put('10.50.14.0/24', '192.0.2.15');
    const failFor = (subnet: string): string =>
      `if [ "$SUBNET" = ${subnet} ]; then echo "no way" >&2; exit 1; fi`;
    const path = store.recipe('json', {
      ...network,
      Backend: {
        Type: type,
        PostStartupCommand: 'until [ -e go ]; do sleep 0.01; done',
        SubnetAddCommand: failFor('10.50.9.0/24'),
        SubnetRemoveCommand: failFor('10.50.14.0/24'),
      },
    });
    const daemon = new Daemon(host, ['--recipe', path, '--store-dir', store.path]);
    await daemon.until('state', ({ to }) => to === 'post-startup');
    const starting = await statusOn(host);
    assert.deepEqual([starting.state, starting.peers], ['post-startup', []]);
    await host.sh('touch /run/state/go');

    // The peer is removed before each new try, and only the add fails.
    const degraded = await until('the failing peer', async () => {
      const status = await statusOn(host);
      const failing = status.peers.find(({ state }) => state === 'failing');
      const isSettled = status.state === 'degraded' && status.counts.inPlace === 3;
      return isSettled && failing?.lastOutcome?.stderr === 'no way' && status;
    });
    assert.notEqual(degraded.lease, null);
    assert.notDeepEqual(degraded.rejections, []);
    assert.notDeepEqual(degraded.sharedAddresses, []);

    const down = await runOn(host, 'down', '--json');
    assert.equal(down.exitCode, exitCodes.command);
    const { daemon: who, failed } = assertOutput('down', down.stdout) as Record<string, unknown>;
    assert.deepEqual([who, failed], ['running', ['10.50.14.0-24']]);
    assert.equal((await daemon.ended).exitCode, exitCodes.command);
  });

  test('whose network drifted, and that died', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.9.0/24', '192.0.2.9');
    const path = store.recipe('drift', {
      ...network,
      Backend: {
        Type: type,
        SubnetAddCommand: 'touch here',
        SubnetRemoveCommand: 'rm -f here',
        CheckCommand: 'if [ -e here ]; then echo 10.50.9.0/24; fi',
        MonitorCommand: 'until [ -e go ]; do sleep 0.01; done; rm go; echo look',
      },
    });
    const daemon = await startDaemon(host, ['--recipe', path, '--store-dir', store.path]);
    await host.sh('rm /run/state/here; touch /run/state/go');
    await daemon.until('drift');
    assert.equal((await statusOn(host)).lastDrift?.missing, 1);
    await daemon.kill();
    const { exitCode, stdout } = await runOn(host, 'down', '--release-lease', '--json');
    assert.equal(exitCode, 0);
    const down = assertOutput('down', stdout) as Record<string, unknown>;
    assert.deepEqual([down['daemon'], down['removed'], down['leaseReleased']], ['dead', 1, true]);
  });
});

describe('the schema accepts what is printed of a lab', options, () => {
  const directory = temporaryDirectory({ after });
  function write(name: string, document: object): string {
    const path = join(directory, `${name}.json`);
    writeFileSync(path, JSON.stringify(document));
    return path;
  }

  test('that passes with both families', async () => {
    const Backend = {
      Type: 'both',
      SubnetAddCommand:
        'ip route replace $SUBNET via $PUBLIC_IP && ip -6 route replace $IPV6SUBNET via $PUBLIC_IPV6',
      SubnetRemoveCommand: 'ip route del $SUBNET; ip -6 route del $IPV6SUBNET',
    };
    const families = { EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
    const both = write('both', { ...network, ...families, Backend });
    const { exitCode, stdout, stderr } = await runHeddle(['lab', 'run', both, '--nodes', '2', '--json']);
    assert.equal(exitCode, 0, stderr);
    const { nodes, pairs } = assertOutput('lab run', stdout) as LabReport;
    assert.ok(nodes.every(({ ipv6Pod }) => ipv6Pod !== undefined));
    assert.ok(pairs.every(({ paths }) => paths.length === 2));
  });

  test('that fails', async () => {
    const Backend = { Type: 'broken', SubnetAddCommand: 'true', SubnetRemoveCommand: 'true' };
    const broken = write('broken', {
      ...network,
      Backend: { ...Backend, PostStartupCommand: 'ip link add left type bridge' },
    });
    const { exitCode, stdout } = await runHeddle(['lab', 'run', broken, '--nodes', '2', '--json']);
    assert.equal(exitCode, exitCodes['lab-failed']);
    const { passed, pairs, kept } = assertOutput('lab run', stdout) as LabReport;
    assert.equal(passed, false);
    assert.ok(pairs.some(({ reason }) => reason !== undefined));
    assert.notDeepEqual(kept, []);
  });

  for (const store of ['files', 'etcd']) {
    const name = `json-${store}-${process.pid}`;
    const labOptions = store === 'etcd' ? { skip: reasonToSkip('etcd', 'openssl') } : options;

    describe(`whose leases are in ${store}, and of its nodes`, labOptions, () => {
      const lab = async (verb: string, ...words: readonly string[]): Promise<string> => {
        const { exitCode, stdout, stderr } = await runHeddle(['lab', verb, '--name', name, ...words]);
        assert.equal(exitCode, 0, stderr);
        return stdout;
      };
      before(async () => {
        if (labOptions.skip !== false) return;
        const tls = store === 'etcd' ? ['--tls'] : [];
        const stdout = await lab('up', 'vxlan', '--nodes', '2', '--store', store, ...tls, '--json');
        assertOutput('lab up', stdout);
      });
      after(async () => {
        if (labOptions.skip === false) await lab('down');
      });

      test('lab ps, also when a daemon has ended and a link is cut', async () => {
        const whole = assertOutput('lab ps', await lab('ps', '--json')) as LabListing;
        assert.equal(whole.server === null, store === 'files');
        await lab('stop', 'node2');
        await lab('cut', 'node2');
        const { nodes } = assertOutput('lab ps', await lab('ps', '--json')) as LabListing;
        const [, second] = nodes;
        assert.deepEqual([second?.daemon, second?.link, second?.pid], ['stopped', 'cut', null]);
        assert.notEqual(second?.ended, null);
      });

      test('status and leases', async () => {
        const inNode = (...words: readonly string[]) =>
          lab('exec', 'node1', '--', 'heddle', ...words, '--json');
        const status = assertOutput('status', await inNode('status')) as NodeStatus;
        assert.equal(status.recipe?.name, 'vxlan');
        const leases = assertOutput('leases', await inNode('leases')) as readonly object[];
        assert.equal(leases.length, 2);
      });
    });
  }

  test('that is watched, line by line', async () => {
    const Backend = { Type: 'watched', SubnetAddCommand: 'true', SubnetRemoveCommand: 'true' };
    const file = write('watched', { ...network, Backend });
    const name = `json-watch-${process.pid}`;
    const watched = spawnLab(['up', '--watch', '--json', '--name', name, '--nodes', '2', file]);
    try {
      const lineOf = (index: number) =>
        until(`line ${index}`, () => watched.stdout().split('\n').slice(0, -1)[index], watched.stderr);
      const read = async (index: number) =>
        assertOutput('lab up --watch', await lineOf(index)) as Record<string, unknown>;
      assert.equal((await read(0))['change'], null);
      write('watched', { ...network, Backend: { ...Backend, Timeout: 0 } });
      assert.equal((await read(1))['refused'], '1 error');
      write('watched', { ...network, Backend: { ...Backend, Timeout: 7 } });
      assert.deepEqual((await read(2))['change'], { step: 'swap', because: 'Timeout changed' });
      write('watched', { ...network, Backend: { ...Backend, PostStartupCommand: 'exit 3' } });
      assert.notDeepEqual((await read(3))['troubles'], []);
    } finally {
      watched.outer.kill('SIGINT');
      await watched.ended;
    }
  });
});
