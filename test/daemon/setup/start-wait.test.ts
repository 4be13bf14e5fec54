import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartWait } from '../../../src/daemon/setup/start-wait.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { StoreError } from '../../../src/store/store.ts';

test('the operator is reminded once a minute of what a start waits for', (t) => {
  let now = 5000;
  t.mock.method(performance, 'now', () => now);
  const events: HeddleEvent[] = [];
  const wait = new StartWait((event) => events.push(event));
  for (let look = 0; look < 61; look += 1) {
    wait.missesNetwork('etcd', { place: 'the key /config', cause: undefined }, 'put one there');
    now += 2000;
  }
  assert.deepEqual(events.length, 3, 'at 0, 60 and 120 seconds');
  assert.deepEqual(events[0], {
    event: 'network-awaited',
    source: 'etcd',
    place: 'the key /config',
    cause: null,
    hint: 'put one there',
  });
});

test('an outage is waited for before a document is', () => {
  const wait = new StartWait(() => undefined);
  const what = (): string | undefined => wait.what;
  assert.equal(what(), undefined);
  wait.asksStore('etcd at http://127.0.0.1:2379');
  assert.equal(what(), 'the first answer of the etcd at http://127.0.0.1:2379');
  wait.asksStore(undefined);
  assert.equal(what(), undefined);
  const place = 'the key /config';
  wait.missesNetwork('etcd', { place, cause: undefined }, 'put one there');
  assert.equal(what(), 'a network configuration at the key /config (put one there)');
  wait.missesNetwork('etcd', { place, cause: 'the key config exists' }, 'put one there');
  assert.equal(what(), 'a network configuration at the key /config (the key config exists)');
  wait.outages.failed(new StoreError('no answer', { retryable: true }), 1000);
  assert.equal(what(), 'the store: no answer');
  wait.outages.answered();
  assert.match(what() ?? '', /^a network configuration/);
});
