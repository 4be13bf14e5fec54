import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import type { Sample } from './etcd/etcd-keys.ts';
import { startEtcd } from './etcd/host-etcd.ts';
import { startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { reasonToSkip } from './harness/needs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const options = { skip: reasonToSkip('etcd'), timeout: 180_000 };
const peers = 5000;
const renewals = 10;
const ttlSeconds = 86_400;

/** It writes down each of its runs, in a line. */
const recipe = {
  Network: '10.0.0.0/8',
  SubnetLen: 24,
  Backend: {
    Type: 'extension',
    SubnetAddCommand: 'read -r data; echo "add $SUBNET $PUBLIC_IP $data" >>runs',
    SubnetRemoveCommand: 'echo "remove $SUBNET" >>runs',
  },
};

function peer(number: number): Sample {
  const [high, low] = [number >> 8, number & 255];
  return {
    key: `10.${100 + high}.${low}.0-24`,
    value: `{"PublicIP":"172.16.${high}.${low}","PublicIPv6":null,"BackendType":"extension","BackendData":"weft-${number}"}`,
  };
}

function runFor(number: number): string {
  const [high, low] = [number >> 8, number & 255];
  return `add 10.${100 + high}.${low}.0/24 172.16.${high}.${low} weft-${number}`;
}

test(
  `${peers} leases that appear at once are applied once each, and their renewals run nothing`,
  options,
  async (t) => {
    const set = await startHosts([1]);
    t.after(() => set.close());
    const [host] = set.hosts;
    assert.ok(host);
    const keys = await startEtcd(t, host);
    await keys.setNetwork({ ...recipe, Backend: { Type: 'extension' } });
    const path = join(temporaryDirectory(t), 'recipe.json');
    await writeFile(path, JSON.stringify(recipe));
    const args = ['--store', 'etcd', '--recipe', path, '--on-exit', 'leave'];
    const daemon = await startDaemon(host, args, { seconds: 170 });
    t.after(() => daemon.kill());

    const all = Array.from({ length: peers }, (_, number) => peer(number));
    await keys.putAll(all, ttlSeconds);
    for (let added = 0; added < peers; added += 1) await daemon.until('peer-added');
    const wanted = all.map((_, number) => runFor(number));
    assert.deepEqual(await host.lines('cat /run/state/runs'), wanted.toSorted());

    for (let times = 0; times < renewals; times += 1) await keys.putAll(all, ttlSeconds);
    // Whoever has applied this has seen all that was written before.
    await keys.put(peer(peers), ttlSeconds);
    await daemon.until('peer-added', ({ peer: { subnet } }) => runFor(peers).includes(` ${subnet} `));
    assert.deepEqual(await host.lines('cat /run/state/runs'), [...wanted, runFor(peers)].toSorted());
    assert.equal(daemon.all('peer-added').length, peers + 1);
    assert.deepEqual(daemon.all('peer-removed'), []);
  },
);
