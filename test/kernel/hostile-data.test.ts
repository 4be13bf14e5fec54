import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, test } from 'node:test';
import { generate } from './hostile/generated.ts';
import { knownBad } from './hostile/bad-leases.ts';
import { jsonForm, makeGood, textForm, type GoodLease } from './hostile/leases.ts';
import { onto, Ordeal, subnetKeys } from './hostile/ordeal.ts';
import { etcdStore, filesStore } from './hostile/stores.ts';
import { reasonToSkip } from './harness/needs.ts';
import { until } from '../support/until.ts';

const crowd = 40;
/** How many generated leases each ordeal gets: four of them make more than ten thousand. */
const generated = 3000;

/** What heddle itself keeps in its state directory. */
const ownFiles = [
  'cni-list.json',
  'deployment.json',
  'heddle.lock',
  'heddle.pid',
  'heddle.sock',
  'journal',
  'lease.json',
];

const options = { skip: reasonToSkip('etcd'), concurrency: 1, timeout: 300_000 };

describe(
  'whatever stands in the store, commands get what nodes that mean well have put there',
  options,
  () => {
    for (const form of [textForm, jsonForm]) {
      for (const makeStore of [filesStore, etcdStore]) {
        const seed = Number(process.env['HEDDLE_TEST_SEED'] ?? randomInt(2 ** 31));
        test(`${form.name} data, ${makeStore.name}, seed ${seed}`, async (t) => {
          const ordeal = await Ordeal.prepare(t, { form, makeStore });
          const { store, recorder, host } = ordeal;
          const innocent = (when: string): void => {
            assert.deepEqual(ordeal.strangeVectors(), [], when);
            assert.deepEqual(recorder.caught, [], when);
          };
          const keyOf = subnetKeys();
          const known = knownBad(form, recorder.bait, keyOf);
          const hostile = generate(form, recorder.bait, { count: generated, seed, keyOf });
          const [listed, watched] = [hostile.slice(0, generated / 2), hostile.slice(generated / 2)];
          const good = (version: number): GoodLease[] =>
            Array.from({ length: crowd }, (_, number) => makeGood(form, number, version));

          await ordeal.putGood(good(0));
          await store.put([...known.leases, ...known.foreign, ...listed]);
          await ordeal.start();
          await ordeal.added(good(0));
          innocent('in a list');

          await store.put([...watched, ...known.contested, ...known.twins]);
          await ordeal.catchUp();
          innocent('in changes');
          const { rejections, counts } = await ordeal.status();
          assert.equal(rejections.length, counts.rejected);
          assert.ok(counts.rejected > generated / 2, 'each is there, with its reason');
          assert.equal(counts.failing, 0);

          const before = recorder.vectors.filter(([, verb]) => verb !== 'check').length;
          await store.put(onto(good(0), known.leases));
          await ordeal.catchUp();
          innocent('in the place of what was right');
          const after = recorder.vectors.filter(([, verb]) => verb !== 'check');
          assert.ok(
            after.slice(before).every((vector) => vector[2]?.startsWith('10.49.21')),
            'the last good state stays',
          );

          if (store.relist !== undefined) {
            const lists = ordeal.daemon.all('snapshot').length;
            store.relist();
            await until('another snapshot', () => ordeal.daemon.all('snapshot').length > lists);
            await ordeal.catchUp();
            innocent('in a second list');
          }
          const told = ordeal.daemon.all('lease-rejected').map(({ key, because }) => `${key} ${because}`);
          assert.deepEqual(told.length, new Set(told).size, 'each rejection is told once');

          await store.remove(known.twins.map(({ key }) => key));
          await ordeal.daemon.kill();
          await ordeal.start();
          await ordeal.catchUp();
          innocent('after a crash');
          assert.deepEqual(
            recorder.vectors.filter(([, verb]) => verb?.includes('remove')),
            [],
            'the last good state stays also then',
          );

          await ordeal.putGood(good(1));
          await ordeal.added(good(1));
          await ordeal.removed(good(0));
          innocent('once they are right again');

          await store.remove(
            [...known.leases, ...known.foreign, ...known.contested, ...hostile].map(({ key }) => key),
          );
          await store.remove(good(1).map(({ key }) => key));
          await ordeal.removed(good(1));
          innocent('when all goes');

          assert.deepEqual(
            (await host.lines('ls /run/state')).filter((file) => !ownFiles.includes(file)),
            [],
          );
          assert.deepEqual(store.strangers(), []);
          const processes = await host.lines(
            'for file in /proc/[0-9]*/cmdline; do tr "\\0" " " <$file || true; echo; done',
          );
          assert.deepEqual(
            processes.filter((words) => words.includes(recorder.bait)),
            [],
          );
          assert.equal((await ordeal.daemon.stop()).exitCode, 0);
          innocent('at the end');
        });
      }
    }
  },
);
