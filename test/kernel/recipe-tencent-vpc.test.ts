import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cloudProblem, tccli, tccliAuthorities } from '../../scripts/test/clouds.js';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { CloudLab, type CloudNode } from './cloud/cloud-lab.ts';
import { keysUsed, testCloudRecipe } from './cloud/suite.ts';
import { key, roleKey, shortKey, Tencent } from './cloud/tencent.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const skip = reasonToSkip('socat', 'strace', 'curl') || (cloudProblem(tccli) ?? false);
const programs = [tccli, '/usr/bin/curl'];

testCloudRecipe(
  { name: 'tencent-vpc', programs, start: () => Promise.resolve(new Tencent(tccliAuthorities())) },
  {
    skip,
    words: {
      foreign: /rtb-test0001 sends 10\.50\.7\.0\/24 to 172\.30\.1\.99, and that route is not heddle's/,
      full: /rtb-test0001 is full: remove routes from it, or ask Tencent Cloud for a higher quota/,
      noMetadata: /the metadata service did not answer: heddle must run on an instance of Tencent Cloud/,
      noKey: /if credentials or a permission are missing: give the instance a role, or heddle AccessKeyID/,
      noPermission: /UnauthorizedOperation(?:.|\n)*with the permissions that docs\/backends\.md lists/,
    },
  },
);

describe('recipes/tencent-vpc.json', { skip }, () => {
  test('AccessKeyID and AccessKeySecret give the key, and show nowhere', async (t) => {
    const directory = temporaryDirectory(t);
    const file = (name: string, text: string) => {
      const path = join(directory, name);
      writeFileSync(path, text, { mode: 0o600 });
      return `@${path}`;
    };
    const cloud = new Tencent(tccliAuthorities(), {
      environment: {},
      options: [
        ...['--param', `AccessKeyID=${file('id', key.id)}`],
        ...['--param', `AccessKeySecret=${file('secret', key.secret)}`],
      ],
    });
    const lab = await CloudLab.start(
      t,
      { name: 'tencent-vpc', programs, start: () => Promise.resolve(cloud) },
      1,
    );
    const [node] = lab.nodes as [CloudNode];
    const store = new StoreDirectory(t);
    const subnet = '10.50.7.0/24';
    store.put(subnet, node.host.publicIp, { BackendType: 'tencent-vpc' });
    const wanted = [{ destination: subnet, via: node.host.publicIp }];

    // A marked route is heddle's, also if it leads to the node that had this subnet before.
    const before = await cloud.dump();
    await cloud.put(subnet, await cloud.addMachine('172.30.1.99'), 'heddle 10.50.0.0/16');
    lab.up(node, store);
    await node.daemon.until('ready');
    await lab.untilRoutes('the route to lead to this node', wanted);
    await lab.kill(node);

    // A route that somebody switched off is switched on.
    await cloud.drop(subnet);
    await cloud.put(subnet, node.machine, 'heddle 10.50.0.0/16', false);
    lab.up(node, store);
    await node.daemon.until('ready');
    await lab.untilRoutes('the route to be on', wanted);
    await node.daemon.stop();
    assert.deepEqual(await cloud.dump(), before);
    assert.deepEqual(lab.shownSecrets(), []);
  });

  test('a token of the environment goes with its own key only, and the role of the instance is the last choice', async (t) => {
    const cloud = new Tencent(tccliAuthorities(), { environment: {} });
    const lab = await CloudLab.start(
      t,
      { name: 'tencent-vpc', programs, start: () => Promise.resolve(cloud) },
      1,
    );
    const [node] = lab.nodes as [CloudNode];
    const store = new StoreDirectory(t);
    const file = join(temporaryDirectory(t), 'secret');
    writeFileSync(file, key.secret, { mode: 0o600 });
    const parameters = ['--param', `AccessKeyID=${key.id}`, '--param', `AccessKeySecret=@${file}`];
    const inEnvironment = {
      TENCENTCLOUD_SECRET_ID: shortKey.id,
      TENCENTCLOUD_SECRET_KEY: shortKey.secret,
      TENCENTCLOUD_TOKEN: shortKey.token,
    };
    const keysOf = (options: readonly string[], environment: Readonly<Record<string, string>>) =>
      keysUsed(lab, cloud.keys, options, environment, t);

    assert.deepEqual(await keysOf([], {}), [roleKey.id]);
    assert.deepEqual(await keysOf([], inEnvironment), [shortKey.id]);
    assert.deepEqual(await keysOf(parameters, inEnvironment), [key.id]);
    const half = await lab.up(node, store, parameters.slice(0, 2)).ended;
    assert.match(half.stderr, /AccessKeyID and AccessKeySecret belong together: give both, or neither/);
    assert.deepEqual(lab.shownSecrets(), []);
  });
});
