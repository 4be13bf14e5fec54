import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, test } from 'node:test';
import { quote } from 'shell-quote';
import { Ali, operatorKey } from './cloud/ali.ts';
import { CloudLab, type CloudNode } from './cloud/cloud-lab.ts';
import { testCloudRecipe } from './cloud/suite.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const skip = reasonToSkip('socat', 'curl', 'jq');

/** The stand-in under the name of the tool. */
const aliyun = join(temporaryDirectory({ after }), 'aliyun');
const standIn = fileURLToPath(new URL('cloud/aliyun-stand-in.js', import.meta.url));
writeFileSync(aliyun, `#!/bin/sh\nexec ${quote([process.execPath, standIn])} "$@"\n`);
chmodSync(aliyun, 0o755);

const programs = [aliyun, '/usr/bin/curl', '/usr/bin/jq'];
const recipe = {
  name: 'ali-vpc',
  programs,
  start: () => Promise.resolve(new Ali({ inEnvironment: true })),
};

testCloudRecipe(recipe, {
  skip,
  words: {
    foreign: /vtb-\w+ sends 10\.50\.7\.0\/24 to i-\w+, which is not this node/,
    full: /vtb-\w+ is full: remove routes from it, or ask Alibaba Cloud for a higher quota/,
  },
});

describe('recipes/ali-vpc.json', { skip }, () => {
  test('AccessKeyID and AccessKeySecret are used, or else the role of the instance', async (t) => {
    const clouds: Ali[] = [];
    const start = () => {
      const cloud = new Ali({ inEnvironment: false });
      clouds.push(cloud);
      return Promise.resolve(cloud);
    };
    const lab = await CloudLab.start(t, { ...recipe, start }, 1);
    const [cloud] = clouds as [Ali];
    const [node] = lab.nodes as [CloudNode];
    const store = new StoreDirectory(t);
    const file = join(temporaryDirectory(t), 'secret');
    writeFileSync(file, operatorKey.secret, { mode: 0o600 });

    lab.up(node, store);
    await node.daemon.until('ready');
    await node.daemon.stop();
    assert.deepEqual([...cloud.keys], ['STS.testOfRole']);

    cloud.keys.clear();
    const parameters = [`AccessKeyID=${operatorKey.id}`, `AccessKeySecret=@${file}`];
    lab.up(
      node,
      store,
      parameters.flatMap((each) => ['--param', each]),
    );
    await node.daemon.until('ready');
    await node.daemon.stop();
    assert.deepEqual([...cloud.keys], [operatorKey.id]);
    assert.deepEqual(await cloud.routes(), []);
    assert.deepEqual(lab.shownSecrets(), []);
  });
});
