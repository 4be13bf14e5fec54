import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findEarlierLease, noteHeldLease } from '../../../src/daemon/lease/held-lease.ts';
import { readMachineMarks } from '../../../src/host/machine.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { leaseValue } from '../bench.ts';

const store = { kind: 'files', directory: '/srv/leases' } as const;
const hardwareAddress = '02:00:00:00:00:01';
const record = { key: '10.50.9.0-24', value: leaseValue(9), expiresAt: undefined, revision: 'r7' };

test('the lease of an earlier run is known again, whatever address the node has now', async (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(await findEarlierLease(directory, store, [hardwareAddress]), undefined);
  await noteHeldLease(directory, store, record, await readMachineMarks(hardwareAddress));
  assert.deepEqual(await findEarlierLease(directory, store, ['02:00:00:00:00:02', hardwareAddress]), {
    key: record.key,
    revision: 'r7',
    publicIp: '172.30.0.9',
    publicIpv6: undefined,
  });
});

test('a copy of the state directory on another machine, or another store, does not know it', async (t) => {
  const directory = temporaryDirectory(t);
  await noteHeldLease(directory, store, record, await readMachineMarks(hardwareAddress));
  assert.equal(await findEarlierLease(directory, store, ['02:00:00:00:00:02']), undefined);
  const other = { kind: 'files', directory: '/srv/other' } as const;
  assert.equal(await findEarlierLease(directory, other, [hardwareAddress]), undefined);
  await noteHeldLease(directory, store, record, { machineId: 'another', hardwareAddress });
  assert.equal(await findEarlierLease(directory, store, [hardwareAddress]), undefined);
  await noteHeldLease(directory, store, record, await readMachineMarks(undefined));
  assert.equal(await findEarlierLease(directory, store, [hardwareAddress]), undefined);
});
