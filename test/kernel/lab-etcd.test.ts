import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { HostStatus } from '../../src/lab/protocol.ts';
import type { LabReport } from '../../src/lab/report/report.ts';
import { reasonToSkip } from './harness/needs.ts';
import type { CommandEnd } from './harness/host.ts';
import { machineState, runHeddle } from './lab-harness.ts';

const options = { skip: reasonToSkip('etcd', 'openssl', 'wg', 'wireguard-go'), timeout: 120_000 };

function recipePath(name: string): string {
  return new URL(`../../recipes/${name}.json`, import.meta.url).pathname;
}

describe('lab run --store etcd', options, () => {
  for (const recipe of ['vxlan', 'host-gw', 'wireguard']) {
    for (const more of [[], ['--tls']]) {
      test([recipe, ...more, 'passes, and leaves the machine as it was'].join(' '), options, async () => {
        const before = await machineState();
        const words = [
          'lab',
          'run',
          recipePath(recipe),
          '--store',
          'etcd',
          '--nodes',
          '3',
          '--json',
          ...more,
        ];
        const { exitCode, stdout, stderr } = await runHeddle(words);
        assert.equal(exitCode, 0, stderr);
        assert.doesNotMatch(stderr, /warning/i);
        const report = JSON.parse(stdout) as LabReport;
        assert.deepEqual([report.passed, report.leftovers, report.reasons], [true, [], []]);
        assert.equal(report.nodes.length, 3);
        assert.deepEqual(
          report.pairs.map(({ ok }) => ok),
          Array.from({ length: 6 }, () => true),
        );
        assert.deepEqual(await machineState(), before);
      });
    }
  }
});

describe('a lab with etcd behind TLS', options, () => {
  const name = `etcd-${process.pid}`;
  const inLab = (verb: string, ...words: string[]): Promise<CommandEnd> =>
    runHeddle(['lab', verb, '--name', name, ...words]);
  const etcdStatus = async (): Promise<HostStatus> => {
    const { stdout } = await inLab('ps', '--json');
    const { server } = JSON.parse(stdout) as { server?: HostStatus };
    assert.ok(server, stdout);
    return server;
  };

  before(async () => {
    const words = ['lab', 'up', recipePath('host-gw'), '--name', name, '--nodes', '2'];
    const { exitCode, stderr } = await runHeddle([...words, '--store', 'etcd', '--tls']);
    assert.equal(exitCode, 0, stderr);
  }, options);
  after(() => inLab('down'));

  test('is what heddle on its nodes speaks to, by itself', options, async () => {
    const { exitCode, stdout, stderr } = await inLab('exec', 'node1', '--', 'heddle', 'leases', '--json');
    assert.deepEqual([exitCode, stderr], [0, '']);
    const leases = JSON.parse(stdout) as { publicIp: string; backendType: string }[];
    assert.deepEqual(leases.map(({ publicIp, backendType }) => `${publicIp} ${backendType}`).sort(), [
      '172.30.0.1 host-gw',
      '172.30.0.2 host-gw',
    ]);
  });

  test('stops and starts at a word', options, async () => {
    assert.equal((await inLab('stop', 'etcd')).exitCode, 0);
    assert.equal((await etcdStatus()).daemon, 'stopped');
    const away = await inLab('exec', 'node2', '--', 'heddle', 'leases');
    assert.equal(away.exitCode, exitCodes.store);
    assert.match(away.stderr, /^heddle: cannot list the leases .* refuses connections$/);
    assert.equal((await inLab('stop', 'etcd')).exitCode, exitCodes['not-running']);

    assert.equal((await inLab('start', 'etcd')).exitCode, 0);
    assert.equal((await etcdStatus()).daemon, 'ready');
    const back = await inLab('exec', 'node2', '--', 'heddle', 'leases');
    assert.match(back.stdout, /\n2 leases$/);
    assert.equal((await inLab('start', 'etcd')).exitCode, exitCodes['already-running']);
  });
});
