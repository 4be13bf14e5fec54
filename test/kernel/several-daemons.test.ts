import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { Daemon, startDaemon } from './harness/daemon.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

test(
  'two networks live on one host, and what a third would fight over is found at its start',
  { skip: reasonToSkip('iptables') },
  async (t) => {
    const { host, store } = await oneHost(t);
    const write = async (name: string, network: string, vni: number): Promise<readonly string[]> => {
      const path = `${store.root}/${name}`;
      const document = { Network: network, Backend: { Type: 'vxlan', VNI: vni } };
      await host.sh(
        `mkdir -m 700 ${path} ${path}/subnets; echo '${JSON.stringify(document)}' >${path}/config`,
      );
      return ['--recipe', 'vxlan', '--store-dir', path];
    };
    await host.sh('mkdir -m 700 /run/two /run/three');
    const one = await write('one', '10.50.0.0/16', 1);
    const metrics = ['--metrics-address', '127.0.0.1:9271'];
    const first = await startDaemon(host, [...one, ...metrics], { seconds: 90 });
    const two = await write('two', '10.60.0.0/16', 2);
    const own = ['--subnet-file', '/run/two.env', '--chain-suffix', 'two'];
    const second = await startDaemon(host, [...two, ...own], { stateDirectory: '/run/two', seconds: 90 });
    assert.match(await host.sh('ip -o link'), /flannel\.1: .*\n(?:.*\n)*.*flannel\.2: /);
    const rules = 'iptables -S FORWARD; iptables -S HEDDLE-FWD; iptables -S HEDDLE-FWD-two';
    const chains = await host.sh(rules);
    assert.match(chains, /-j HEDDLE-FWD\n.*-j HEDDLE-FWD-two\n/);
    assert.match(chains, /-A HEDDLE-FWD -s 10\.50\.0\.0\/16 /);
    assert.match(chains, /-A HEDDLE-FWD-two -s 10\.60\.0\.0\/16 /);

    const elsewhere = { stateDirectory: '/run/three' };
    const same = await write('same', '10.70.0.0/16', 1);
    const other = await write('other', '10.80.0.0/16', 3);
    const third = ['--subnet-file', '/run/three.env', '--chain-suffix', 'three'];
    const before = await host.sh('ip -o link; ip route');
    const refusals = [
      [
        new Daemon(host, [...other, ...third], { stateDirectory: '/run/two' }),
        'already-running',
        /state directory \/run\/two is already in use/,
      ],
      [
        new Daemon(host, [...same, ...third], elsewhere),
        'already-running',
        /\/run\/state has the device flannel\.1, which the recipe vxlan/,
      ],
      [
        new Daemon(host, [...other, '--subnet-file', '/run/three.env', '--iptables-forward-rules=false'], {
          stateDirectory: '/run/six',
        }),
        'already-running',
        /\/run\/state keeps its rules in the chains HEDDLE-POSTRTG and HEDDLE-FWD already/,
      ],
      [
        new Daemon(host, [...other, ...own], { stateDirectory: '/run/four' }),
        'already-running',
        /\/run\/two writes the subnet file \/run\/two\.env already/,
      ],
      [new Daemon(host, [...other, ...third, ...metrics], { stateDirectory: '/run/five' }), 'listen', /9271/],
    ] as const;
    for (const [daemon, kind, because] of refusals) {
      const { exitCode, stderr } = await daemon.ended;
      assert.match(stderr, because);
      assert.equal(exitCode, exitCodes[kind]);
    }
    assert.equal(await host.sh('ip -o link; ip route'), before);
    assert.equal(await host.sh(rules), chains);
    await second.stop();
    assert.match(await host.sh('iptables -S'), /-j HEDDLE-FWD$/m);
    assert.doesNotMatch(await host.sh('iptables -S'), /HEDDLE-FWD-two/);
    await first.stop();
  },
);
