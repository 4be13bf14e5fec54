import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutageLog } from '../../../src/daemon/lease/outage-log.ts';
import { outlastOutages } from '../../../src/daemon/lease/outlast-outages.ts';
import { StoreError } from '../../../src/store/store.ts';

const away = new StoreError('nobody listens', { retryable: true });
const { signal } = new AbortController();

/** Work that fails so often before it succeeds. */
function failing(times: number, error: Error = away): { work: () => Promise<string>; calls: () => number } {
  let calls = 0;
  const work = (): Promise<string> => {
    calls += 1;
    return calls <= times ? Promise.reject(error) : Promise.resolve('done');
  };
  return { work, calls: () => calls };
}

test('work that succeeds is done once, and no outage is known', async () => {
  const outages = new OutageLog(() => assert.fail('there is none'));
  const { work, calls } = failing(0);
  assert.equal(await outlastOutages(work, outages, signal), 'done');
  assert.equal(calls(), 1);
});

test('work is done again until the store is back, and the outage is known meanwhile', async () => {
  const told: string[] = [];
  const outages = new OutageLog((event) => told.push(event.event));
  const { work, calls } = failing(2);
  const seen: (string | undefined)[] = [];
  const look = (): Promise<string> => {
    seen.push(outages.current?.because);
    return work();
  };
  assert.equal(await outlastOutages(look, outages, signal), 'done');
  assert.equal(calls(), 3);
  assert.deepEqual(seen, [undefined, 'nobody listens', 'nobody listens']);
  assert.equal(outages.current, undefined);
  assert.deepEqual(told, ['store-outage'], 'two failures are one outage');
});

test('an error that no waiting helps is thrown at once', async () => {
  for (const error of [
    new StoreError('permission denied', { retryable: false }),
    new TypeError('a defect'),
  ]) {
    const { work, calls } = failing(9, error);
    await assert.rejects(outlastOutages(work, new OutageLog(() => undefined), signal), error);
    assert.equal(calls(), 1);
  }
});

test('a stop ends the wait with its reason, and the work is not done again', async () => {
  const stopping = new AbortController();
  const { work, calls } = failing(9);
  const outages = new OutageLog(() => stopping.abort(new Error('told to stop')));
  await assert.rejects(outlastOutages(work, outages, stopping.signal), /^Error: told to stop$/);
  assert.equal(calls(), 1);
});
