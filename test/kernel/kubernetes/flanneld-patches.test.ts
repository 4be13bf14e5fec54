import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

import { TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { startDaemon } from '../harness/daemon.ts';
import { endProgram } from '../harness/host.ts';
import { oneHost } from '../harness/one-host.ts';
import { gatewayAddress, openGateway } from './gateway.ts';
import { shareApiServer, skip as noApiServer } from './kube-api-server.ts';

const flanneld = process.env['FLANNELD'];
const skip = noApiServer || (flanneld === undefined && 'needs a flanneld: FLANNELD=PATH names one');

/** The API server writes down each patch of a Node's status as it came. */
const audit = new TemporaryDirectory();
process.once('exit', () => audit.remove());
const log = join(audit.path, 'log');
const policy = join(audit.path, 'policy.json');
const resources = [{ group: '', resources: ['nodes/status'] }];
writeFileSync(
  policy,
  JSON.stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Request', verbs: ['patch'], resources }, { level: 'None' }],
  }),
);
const server = shareApiServer({ 'audit-policy-file': policy, 'audit-log-path': log });

/** The patches since the last call, with their times left out. */
class Patches {
  #seen = 0;

  take(): string[] {
    const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
    const lines = text.split('\n').filter(Boolean);
    const fresh = lines.slice(this.#seen);
    this.#seen = lines.length;
    return fresh.map((line) => {
      const { requestURI } = JSON.parse(line) as { readonly requestURI: string };
      // The text itself, and not its parsed form, which would hide the order of keys.
      const [, body = ''] = /"requestObject":(.*?),"requestReceivedTimestamp"/.exec(line) ?? [];
      return `${requestURI} ${body.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')}`;
    });
  }
}

const networks = {
  vxlan: { Network: '10.50.0.0/16', Backend: { Type: 'vxlan' } },
  'host-gw': { Network: '10.50.0.0/16', Backend: { Type: 'host-gw' } },
  'vxlan in dual stack': {
    Network: '10.50.0.0/16',
    EnableIPv6: true,
    IPv6Network: 'fd00:50::/32',
    Backend: { Type: 'vxlan', VNI: 7 },
  },
};

/** flanneld 0.28.9 panics on a Node without any annotation. */
const usual = { 'example.com/rack': '7' };
const overwritten = { 'flannel.alpha.coreos.com/public-ip-overwrite': '203.0.113.5' };

for (const [name, network] of Object.entries(networks)) {
  for (const annotations of name === 'host-gw' ? [usual, overwritten] : [usual]) {
    const title = `${name}${annotations === overwritten ? ' with an overwritten address' : ''}`;
    test(
      `heddle patches a Node with the bytes of flanneld: ${title}`,
      { skip, timeout: 90_000 },
      async (t) => {
        const { host } = await oneHost(t);
        const close = await openGateway(host, server());
        t.after(async () => {
          close();
          await server().deleteAllNodes();
        });
        const directory = temporaryDirectory(t);
        mkdirSync(join(directory, 'conf'));
        const config = join(directory, 'conf', 'net-conf.json');
        writeFileSync(config, JSON.stringify(network));
        const podCIDRs = ['10.50.1.0/24', ...('EnableIPv6' in network ? ['fd00:50:1::/64'] : [])];
        const kubeconfig = server().kubeconfig({ address: gatewayAddress });
        const words = [
          '-kube-subnet-mgr',
          `-kubeconfig-file=${kubeconfig}`,
          `-net-config-path=${config}`,
          '-iface=eth0',
        ];
        const environment = { NODE_NAME: 'own' };
        const patches = new Patches();
        patches.take();
        const isReady = async (): Promise<boolean> => {
          const { conditions = [] } = (await server().node('own')).status;
          return conditions.some(({ type, status }) => type === 'NetworkUnavailable' && status === 'False');
        };

        await server().createNode('own', podCIDRs, annotations);
        await host.sh('mkdir -p /run/flannel');
        const command = [
          'sh',
          '-c',
          'exec "$@" 2>/run/flanneld.log',
          'sh',
          resolve(flanneld ?? ''),
          ...words,
        ];
        const program = host.start(command, { environment, seconds: 60 });
        await until('flanneld to report that the network is up', isReady, () =>
          host.sh('tail -n 30 /run/flanneld.log'),
        );
        endProgram(program);
        await program;
        const ofFlanneld = patches.take();
        const node = await server().node('own');

        // heddle keeps flanneld's device, and so its MAC address.
        await server().deleteNode('own');
        await server().createNode('own', podCIDRs, annotations);
        const daemon = await startDaemon(host, [...words, '--on-exit', 'leave'], {
          environment,
          isBare: true,
        });
        await until('heddle to report that the network is up', isReady);
        await daemon.stop();
        assert.deepEqual(patches.take(), ofFlanneld);
        assert.equal(ofFlanneld.length, 2);
        assert.deepEqual((await server().node('own')).metadata.annotations, node.metadata.annotations);

        // Nothing differs, so nothing is written but the condition.
        const again = await startDaemon(host, [...words, '--on-exit', 'leave'], {
          environment,
          isBare: true,
        });
        await until('the condition to be written again', () => {
          const [patch, ...more] = patches.take();
          if (patch === undefined) return false;
          assert.deepEqual([patch, ...more], ofFlanneld.slice(1));
          return true;
        });
        await again.stop();
      },
    );
  }
}
