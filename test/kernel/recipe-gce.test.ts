import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudLab, type CloudNode } from './cloud/cloud-lab.ts';
import { Gce } from './cloud/gce.ts';
import { testCloudRecipe } from './cloud/suite.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const skip = reasonToSkip('socat', 'curl', 'jq');
const programs = ['/usr/bin/curl', '/usr/bin/jq'];
const recipe = { name: 'gce', programs, start: () => Promise.resolve(new Gce()) };

testCloudRecipe(recipe, {
  skip,
  words: {
    foreign:
      /the route by-hand-10-50-7-0-24 sends 10\.50\.7\.0\/24 to \S+\/instance-\d+, which is not this node/,
    full: /the quota of routes is used up: remove routes from default, or ask Google for a higher quota/,
  },
});

describe('recipes/gce.json', { skip }, () => {
  test('an instance that drops packets of pods is refused, and a service that is away is asked again', async (t) => {
    const cloud = new Gce();
    const lab = await CloudLab.start(t, { ...recipe, start: () => Promise.resolve(cloud) }, 1);
    const [node] = lab.nodes as [CloudNode];
    const store = new StoreDirectory(t);
    for (const status of [429, 503] as const) {
      cloud.fail(status);
      lab.up(node, store, ['--on-exit', 'leave']);
      await node.daemon.until('ready');
      await node.daemon.stop();
    }
    assert.equal((await cloud.routes()).length, 1);

    cloud.forbidForwarding(node.machine);
    const refused = lab.up(node, store);
    await refused.until('command-failed', ({ trouble }) =>
      /instance-\d+ drops packets of pods: an instance with canIpForward is needed/.test(trouble.stderr),
    );
    assert.deepEqual(lab.shownSecrets(), []);
  });
});
