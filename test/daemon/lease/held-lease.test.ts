import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findEarlierLease, noteHeldLease, noteLeaseWrite } from '../../../src/daemon/lease/held-lease.ts';
import { readMachineMarks, type MachineMarks } from '../../../src/host/machine.ts';
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
    writing: undefined,
    publicIp: '172.30.0.9',
    publicIpv6: undefined,
  });
});

test('a write that was not confirmed is known by its value, next to the write before it, until it is confirmed', async (t) => {
  const directory = temporaryDirectory(t);
  const machine = await readMachineMarks(hardwareAddress);
  const find = async (): Promise<unknown> => {
    const found = await findEarlierLease(directory, store, [hardwareAddress]);
    return found && [found.key, found.revision, found.writing];
  };
  const moved = { key: record.key, value: leaseValue(22) };
  await noteLeaseWrite(directory, store, moved, machine);
  assert.deepEqual(await find(), [record.key, undefined, moved.value]);
  await noteHeldLease(directory, store, record, machine);
  await noteLeaseWrite(directory, store, moved, machine);
  assert.deepEqual(await find(), [record.key, 'r7', moved.value]);
  const other = { key: '10.50.8.0-24', value: record.value };
  await noteLeaseWrite(directory, store, other, machine);
  assert.deepEqual(await find(), [other.key, undefined, other.value], 'another lease has no earlier write');
  await noteHeldLease(directory, store, record, machine);
  assert.deepEqual(await find(), [record.key, 'r7', undefined]);
});

/** The marks of this machine, with some changed. */
async function marksWith(changes: Partial<MachineMarks>): Promise<MachineMarks> {
  const marks = await readMachineMarks(hardwareAddress);
  assert.ok(marks?.namespace);
  return { ...marks, ...changes };
}

const otherAddresses = ['02:00:00:00:00:02'];
const otherBoot = { bootId: 'another', name: 'net:[1]' };

test('the lease is known in the same network namespace, whatever hardware address the node has now', async (t) => {
  const directory = temporaryDirectory(t);
  await noteHeldLease(directory, store, record, await readMachineMarks(hardwareAddress));
  assert.equal((await findEarlierLease(directory, store, otherAddresses))?.key, record.key);
});

test('after another boot, only the same product id stands for another hardware address', async (t) => {
  const directory = temporaryDirectory(t);
  await noteHeldLease(
    directory,
    store,
    record,
    await marksWith({ namespace: otherBoot, productId: 'other' }),
  );
  assert.equal(await findEarlierLease(directory, store, otherAddresses), undefined);
  assert.equal((await findEarlierLease(directory, store, [hardwareAddress]))?.key, record.key);
  const { productId } = await marksWith({});
  await noteHeldLease(directory, store, record, await marksWith({ namespace: otherBoot }));
  const found = await findEarlierLease(directory, store, otherAddresses);
  assert.equal(found?.key, productId === undefined ? undefined : record.key);
});

test('a copy of the state directory on another machine, or another store, does not know it', async (t) => {
  const directory = temporaryDirectory(t);
  const { namespace } = await marksWith({});
  assert.ok(namespace);
  const copy = await marksWith({ namespace: { ...namespace, name: 'net:[1]' } });
  await noteHeldLease(directory, store, record, copy);
  assert.equal(await findEarlierLease(directory, store, otherAddresses), undefined);
  await noteHeldLease(directory, store, record, { machineId: copy.machineId, hardwareAddress });
  assert.equal(await findEarlierLease(directory, store, otherAddresses), undefined);
  const other = { kind: 'files', directory: '/srv/other' } as const;
  assert.equal(await findEarlierLease(directory, other, [hardwareAddress]), undefined);
  await noteHeldLease(directory, store, record, { machineId: 'another', hardwareAddress });
  assert.equal(await findEarlierLease(directory, store, [hardwareAddress]), undefined);
  await noteHeldLease(directory, store, record, await readMachineMarks(undefined));
  assert.equal(await findEarlierLease(directory, store, [hardwareAddress]), undefined);
});
