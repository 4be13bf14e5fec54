import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import type { Json } from '../../src/recipe/json/json.ts';
import { Daemon, runOn, type DaemonOptions } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { fdbOf, neighboursOf } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import type { StoreDirectory } from './harness/store-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

const options = { skip: reasonToSkip() };

/** How often each recipe is killed at a random moment. */
const rounds = 4;

/** Tells the processes of this run from all others of the machine. */
const mark = String(randomInt(100_000, 1_000_000));

/** While this file is there every command is slow: what a daemon that is killed leaves running outlasts its successor's start. */
const slowFile = '/run/state/slow';
const slow = `if [ -e ${slowFile} ]; then sleep 4.${mark}; fi;`;
const plain = {
  SubnetAddCommand: `${slow} ip route add $SUBNET via $PUBLIC_IP onlink dev eth0`,
  SubnetRemoveCommand: `${slow} ip route del $SUBNET`,
};
const repeatable = {
  SubnetAddCommand: `${slow} ip route replace $SUBNET via $PUBLIC_IP onlink dev eth0`,
  SubnetRemoveCommand: `${slow} ip route del $SUBNET 2>/dev/null || true`,
  CheckCommand: "ip route show | sed -n 's/ via .*//p'",
};
const batch = {
  ...repeatable,
  SubnetBatchCommand: [
    'while read -r verb subnet v6 ip rest; do',
    `  ${slow}`,
    '  case $verb in',
    '    add) ip route replace $subnet via $ip onlink dev eth0 ;;',
    '    remove) ip route del $subnet 2>/dev/null || true ;;',
    '  esac',
    'done',
  ],
};

const recipes = { 'without CheckCommand': plain, 'with CheckCommand': repeatable, 'with a batch': batch };

const leases = Array.from({ length: 12 }, (_, n) => n + 100);

/** Some leases come, some go, some change their address. */
function churn(
  store: StoreDirectory,
  wanted: Map<string, string>,
  leaseOf: (n: number) => Readonly<Record<string, Json>> = () => ({}),
): void {
  for (const n of leases) {
    const subnet = `10.50.${n}.0/24`;
    const what = randomInt(3);
    if (what === 0) {
      store.remove(subnet);
      wanted.delete(subnet);
    } else {
      const publicIp = `172.30.1.${n + (what === 1 ? 0 : 100)}`;
      store.put(subnet, publicIp, leaseOf(n));
      wanted.set(subnet, publicIp);
    }
  }
}

async function routesOf(host: Host): Promise<readonly string[]> {
  const lines = await host.lines('ip -o route show');
  return lines.flatMap((line) => {
    const [, subnet, ip] = /^(10\.50\.\d+\.0\/24) via (\S+)/.exec(line) ?? [];
    return subnet === undefined ? [] : [`${subnet} ${ip ?? ''}`];
  });
}

async function untilNoCommandRuns(host: Host): Promise<void> {
  await host.until(`! pgrep -f '[s]leep 4.${mark}' >/dev/null`);
}

async function untilNoneFails(host: Host): Promise<void> {
  await until('no peer to fail or wait', async () => {
    const { stdout } = await runOn(host, 'status', '--json');
    const { counts } = JSON.parse(stdout) as NodeStatus;
    return counts.failing === 0 && counts.pending === 0;
  });
}

async function startAndKill(
  host: Host,
  args: readonly string[],
  t: TestContext,
  options: DaemonOptions = {},
): Promise<void> {
  const daemon = new Daemon(host, args, options);
  await daemon.until('lease-acquired');
  await host.sh(`sleep ${randomInt(900) / 1000}`);
  await daemon.kill();
  t.diagnostic(`killed after ${daemon.all('peer-added').length} adds`);
}

/** A directory with tools that are slow to change peers while {@link slowFile} is there. */
function slowTools(t: TestContext, names: readonly string[]): string {
  const directory = temporaryDirectory(t);
  for (const name of names) {
    const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    const script = [
      '#!/bin/sh',
      `case " $* " in *' -batch '* | *' replace '* | *' route delete '* | *' neigh delete '*)`,
      `  if [ -e ${slowFile} ]; then sleep 4.${mark}; fi ;;`,
      'esac',
      `exec ${real} "$@"`,
    ];
    writeFileSync(join(directory, name), script.join('\n'), { mode: 0o755 });
  }
  return directory;
}

const macOf = (n: number): string => `02:00:00:00:00:${(n % 100).toString().padStart(2, '0')}`;

describe('a daemon that is killed while commands run', options, () => {
  for (const [name, backend] of Object.entries(recipes)) {
    test(`leaves nothing that undoes its successor: a recipe ${name}`, async (t) => {
      const { host, store } = await oneHost(t);
      // Each node may have drawn one of the first hundred subnets; these are beyond.
      const document = { Network: '10.50.0.0/16', Backend: { Type: 'extension', ...backend } };
      const args = ['--recipe', store.recipe('slow', document), '--store-dir', store.path];
      const wanted = new Map<string, string>();
      await host.sh(`mkdir -m 700 -p /run/state; : >${slowFile}`);
      for (let round = 0; round < rounds; round += 1) {
        churn(store, wanted);
        await startAndKill(host, args, t);
      }
      await host.sh(`rm ${slowFile}`);
      churn(store, wanted);
      const last = new Daemon(host, args, { seconds: 60 });
      await last.until('ready');
      await untilNoCommandRuns(host);
      // A remove that finds nothing to remove is tried again before it is given up.
      await untilNoneFails(host);
      const expected = [...wanted].map(([subnet, ip]) => `${subnet} ${ip}`).sort();
      assert.deepEqual([...(await routesOf(host))].sort(), expected, last.describe());
      const { exitCode } = await last.stop();
      assert.equal(exitCode, 0, last.describe());
      await untilNoCommandRuns(host);
      assert.deepEqual(await routesOf(host), []);
    });
  }

  test('leaves nothing that undoes its successor: the shipped vxlan, with tools that are slow', async (t) => {
    const { host, store } = await oneHost(t);
    const environment = { PATH: `${slowTools(t, ['ip', 'bridge'])}:${process.env['PATH'] ?? ''}` };
    const args = ['--recipe', 'vxlan', '--store-dir', store.path];
    const leaseOf = (n: number) => ({ BackendType: 'vxlan', BackendData: { VNI: 1, VtepMAC: macOf(n) } });
    const wanted = new Map<string, string>();
    await host.sh(`mkdir -m 700 -p /run/state; : >${slowFile}`);
    for (let round = 0; round < rounds; round += 1) {
      churn(store, wanted, leaseOf);
      await startAndKill(host, args, t, { environment });
    }
    await host.sh(`rm ${slowFile}`);
    churn(store, wanted, leaseOf);
    const last = new Daemon(host, args, { seconds: 60, environment });
    await last.until('ready');
    await untilNoCommandRuns(host);
    await untilNoneFails(host);
    const peers = [...wanted].map(([subnet, ip]) => {
      const net = subnet.replace('/24', '');
      return { ip, net, subnet, mac: macOf(Number(net.split('.')[2])) };
    });
    const sorted = (lines: readonly string[]): readonly string[] => lines.map((line) => line.trim()).sort();
    assert.deepEqual(
      sorted(await fdbOf(host, 'flannel.1')),
      sorted(peers.map(({ mac, ip }) => `${mac} dst ${ip} self permanent`)),
      last.describe(),
    );
    assert.deepEqual(
      sorted(await neighboursOf(host, 'flannel.1')),
      sorted(peers.map(({ net, mac }) => `${net} lladdr ${mac} PERMANENT`)),
    );
    const routes = await host.lines(`ip route show dev flannel.1 | awk '{ print $1, $3 }'`);
    assert.deepEqual(sorted(routes), sorted(peers.map(({ subnet, net }) => `${subnet} ${net}`)));
    assert.equal((await last.stop()).exitCode, 0, last.describe());
    await untilNoCommandRuns(host);
    await host.sh('! ip link show dev flannel.1 2>/dev/null');
  });
});
