import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudLab, type CloudNode } from './cloud/cloud-lab.ts';
import { Gce } from './cloud/gce.ts';
import { testCloudRecipe } from './cloud/suite.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const skip = reasonToSkip('socat', 'strace', 'curl', 'jq');
const programs = ['/usr/bin/curl', '/usr/bin/jq'];
const recipe = { name: 'gce', programs, start: () => Promise.resolve(new Gce()) };

testCloudRecipe(recipe, {
  skip,
  words: {
    foreign:
      /the route by-hand-10-50-7-0-24 sends 10\.50\.7\.0\/24 to \S+\/instance-\d+, which is not this node/,
    full: /the quota of routes is used up: remove routes from default, or ask Google for a higher quota/,
    noMetadata: /the metadata service did not answer: heddle must run on an instance of Google Cloud/,
    noKey: /this instance does not have a service account: attach one/,
    noPermission: /GET global\/routes\S*: HTTP status 403: Required 'compute\.routes\.list' permission/,
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

    const strict = /instance-\d+ drops packets of pods: an instance with canIpForward is needed/;
    cloud.forbidForwarding(node.machine);
    assert.match((await lab.up(node, store).ended).stderr, strict);
    // A node that has not run before makes the route, hears of it, and takes the route away again.
    for (const { destination } of await cloud.routes()) await cloud.drop(destination);
    await node.host.sh('rm -rf /run/state/*');
    assert.match((await lab.up(node, new StoreDirectory(t)).ended).stderr, strict);
    assert.deepEqual(await cloud.routes(), []);
    assert.deepEqual(lab.shownSecrets(), []);
  });
});
