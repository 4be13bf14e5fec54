import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { findEarlierLease } from '../../../src/daemon/lease/held-lease.ts';
import { LeaseNotes } from '../../../src/daemon/lease/lease-notes.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { leaseValue } from '../bench.ts';

const store = { kind: 'files', directory: '/srv/leases' } as const;
const record = { key: '10.50.9.0-24', value: leaseValue(9), expiresAt: undefined, revision: 'r7' };

test('a lease is noted with the hardware address of now, and a directory that is gone is a warning', async (t) => {
  const stateDirectory = temporaryDirectory(t);
  const events: HeddleEvent[] = [];
  let address = '02:00:00:00:00:01';
  const hardwareAddress = (): string => address;
  const notes = new LeaseNotes({
    stateDirectory,
    store,
    hardwareAddress,
    emit: (event) => events.push(event),
  });
  const find = async (): Promise<unknown> => {
    const found = await findEarlierLease(stateDirectory, store, [address]);
    return found && [found.revision, found.writing];
  };
  await notes.written(record);
  assert.deepEqual(await find(), ['r7', undefined]);
  address = '02:00:00:00:00:02';
  const next = { key: record.key, value: leaseValue(22) };
  await notes.writing(next);
  assert.deepEqual(await find(), ['r7', next.value]);
  assert.equal(events.length, 0);
  await rm(stateDirectory, { recursive: true });
  await notes.written(record);
  assert.match(
    events.map((event) => (event.event === 'warning' ? event.message : event.event)).join(),
    /^cannot note this node's lease in \/.*: .*; if the address of this node changes while heddle does not run, the node may get another subnet$/,
  );
});
