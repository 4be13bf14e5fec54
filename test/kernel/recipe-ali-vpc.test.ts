import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, test } from 'node:test';
import { quote } from 'shell-quote';
import { Ali, operatorKey, hourlyKey } from './cloud/ali.ts';
import { CloudLab, type CloudNode } from './cloud/cloud-lab.ts';
import { keysUsed, testCloudRecipe } from './cloud/suite.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const skip = reasonToSkip('socat', 'strace', 'curl', 'jq');

/** The stand-in under the name of the tool. */
const aliyun = join(temporaryDirectory({ after }), 'aliyun');
const standIn = fileURLToPath(new URL('cloud/aliyun-stand-in.js', import.meta.url));
writeFileSync(aliyun, `#!/bin/sh\nexec ${quote([process.execPath, standIn])} "$@"\n`);
chmodSync(aliyun, 0o755);

const programs = [aliyun, '/usr/bin/curl', '/usr/bin/jq'];
const recipe = {
  name: 'ali-vpc',
  programs,
  start: () => Promise.resolve(new Ali()),
};

testCloudRecipe(recipe, {
  skip,
  words: {
    foreign: /vtb-\w+ sends 10\.50\.7\.0\/24 to i-\w+, which is not this node/,
    full: /vtb-\w+ is full: remove routes from it, or ask Alibaba Cloud for a higher quota/,
    noMetadata: /the metadata service did not give a token: heddle must run on an instance of Alibaba Cloud/,
    noKey: /credentials are missing: give the instance a role, or heddle AccessKeyID and AccessKeySecret/,
    noPermission: /Forbidden\.RAM(?:.|\n)*docs\/backends\.md lists what they need/,
  },
});

describe('recipes/ali-vpc.json', { skip }, () => {
  test('AccessKeyID and AccessKeySecret are used, or else the role of the instance', async (t) => {
    const cloud = new Ali({});
    const lab = await CloudLab.start(t, { ...recipe, start: () => Promise.resolve(cloud) }, 1);
    const [node] = lab.nodes as [CloudNode];
    const store = new StoreDirectory(t);
    const file = join(temporaryDirectory(t), 'secret');
    writeFileSync(file, operatorKey.secret, { mode: 0o600 });
    const parameters = ['--param', `AccessKeyID=${operatorKey.id}`, '--param', `AccessKeySecret=@${file}`];
    const inEnvironment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: hourlyKey.AccessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: hourlyKey.AccessKeySecret,
      ALIBABA_CLOUD_SECURITY_TOKEN: hourlyKey.SecurityToken,
    };
    const keysOf = (options: readonly string[], environment: Readonly<Record<string, string>>) =>
      keysUsed(lab, cloud.keys, options, environment, t);

    assert.deepEqual(await keysOf([], {}), ['STS.testOfRole']);
    assert.deepEqual(await keysOf(parameters, {}), [operatorKey.id]);
    assert.deepEqual(await keysOf([], inEnvironment), [hourlyKey.AccessKeyId], 'with its token');
    assert.deepEqual(await keysOf(parameters, inEnvironment), [operatorKey.id], 'without the token');
    const profiles = [
      { name: 'other', mode: 'AK', access_key_id: 'LTAIwrong', access_key_secret: 'wrong' },
      { name: 'heddle', mode: 'AK', access_key_id: operatorKey.id, access_key_secret: operatorKey.secret },
    ];
    const configuration = quote([JSON.stringify({ current: 'other', profiles })]);
    await node.host.sh(
      `mkdir -m 700 /run/state/.aliyun; echo ${configuration} >/run/state/.aliyun/config.json`,
    );
    assert.deepEqual(await keysOf([], { ALIBABA_CLOUD_PROFILE: 'heddle' }), [operatorKey.id]);
    await node.host.sh('rm -r /run/state/.aliyun');

    const half = await lab.up(node, store, parameters.slice(0, 2)).ended;
    assert.match(half.stderr, /AccessKeyID and AccessKeySecret belong together: give both, or neither/);
    assert.deepEqual(lab.shownSecrets(), []);
  });
});
