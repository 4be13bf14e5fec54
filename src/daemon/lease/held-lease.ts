import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { EmitEvent } from '../../event/event.ts';
import { readPlainFile } from '../../host/files/plain-file.ts';
import { writeStateFile } from '../../host/state/state-file.ts';
import { isThisMachine, type MachineMarks } from '../../host/machine.ts';
import { describeSubnets } from '../../lease/roster.ts';
import { decodeLease, parseLeaseKey } from '../../lease/wire.ts';
import type { PublicAddresses } from '../../network/public-addresses.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { withoutSecrets } from '../../store/secrets.ts';
import type { WrittenLease } from '../../store/survey.ts';
import { StoreError, type LeaseRecord, type LeaseStore } from '../../store/store.ts';

/**
 * The lease that this node may hold. The note outlives the network, because a lease is kept when the network is taken down: `heddle down
 * --release-lease` can still release it.
 */
export interface HeldLease {
  readonly version: 1;
  /** The store, without its secrets. */
  readonly store: StoreChoice;
  readonly key: string;
  readonly publicIp: string | null;
  readonly publicIpv6: string | null;
  /** The lease as this node last wrote it, and the machine that wrote it; older versions did not note them. */
  readonly revision?: string;
  readonly machine?: MachineMarks;
  /** The value that this node was writing. Absent once the store has confirmed the write. */
  readonly writing?: string;
}

/** The lease that this node wrote last, possibly with addresses that the node does not have any more. */
export interface EarlierLease extends PublicAddresses, WrittenLease {}

/** The result of releasing a lease. */
export type LeaseEnd =
  | { readonly kind: 'released' }
  /** The store has no such lease, or another node has it. */
  | { readonly kind: 'not-held' }
  /** The store did not confirm that the lease is gone. */
  | { readonly kind: 'unconfirmed'; readonly subnet: string; readonly because: string };

/** The most bytes of the note. */
const mostBytes = 64 * 1024;

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, 'lease.json');
}

/** Writes the note about a lease that this machine wrote. Throws a Failure. */
export async function noteHeldLease(
  stateDirectory: string,
  store: StoreChoice,
  record: LeaseRecord,
  machine: MachineMarks | undefined,
): Promise<void> {
  await writeHeldLease(stateDirectory, { ...describe(store, record, machine), revision: record.revision });
}

/**
 * Notes a lease that is about to be written, so that a process that dies before the store confirms the write does not lose the lease. What
 * the note says about an earlier write of the same lease stays. Throws a Failure.
 */
export async function noteLeaseWrite(
  stateDirectory: string,
  store: StoreChoice,
  write: Pick<LeaseRecord, 'key' | 'value'>,
  machine: MachineMarks | undefined,
): Promise<void> {
  const held = await readHeldLease(stateDirectory);
  const isSame = held?.key === write.key && isDeepStrictEqual(held.store, withoutSecrets(store));
  const note = isSame ? held : describe(store, write, machine);
  await writeHeldLease(stateDirectory, { ...note, writing: write.value });
}

function describe(
  store: StoreChoice,
  lease: Pick<LeaseRecord, 'key' | 'value'>,
  machine: MachineMarks | undefined,
): HeldLease {
  const { publicIp, publicIpv6 } = addressesOf(lease);
  return {
    version: 1,
    store: withoutSecrets(store),
    key: lease.key,
    publicIp: publicIp ?? null,
    publicIpv6: publicIpv6 ?? null,
    ...(machine && { machine }),
  };
}

async function writeHeldLease(stateDirectory: string, held: HeldLease): Promise<void> {
  await writeStateFile(fileOf(stateDirectory), `${JSON.stringify(held)}\n`);
}

/** Reads the note about the lease. Undefined without a note, or with one that cannot be read: the lease then expires by itself. */
export function readHeldLease(stateDirectory: string): Promise<HeldLease | undefined> {
  return Promise.resolve(read(stateDirectory));
}

function read(stateDirectory: string): HeldLease | undefined {
  try {
    const found = JSON.parse(readPlainFile(fileOf(stateDirectory), mostBytes)) as Partial<HeldLease> | null;
    const isUsable = found?.version === 1 && typeof found.key === 'string' && found.store !== undefined;
    return isUsable ? (found as HeldLease) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The lease that this node wrote in an earlier run, in the same store. Undefined if the state directory may be a copy of another machine's,
 * because the lease is that machine's.
 *
 * @param hardwareAddresses the hardware addresses of this machine's interfaces
 */
export async function findEarlierLease(
  stateDirectory: string,
  store: StoreChoice,
  hardwareAddresses: readonly string[],
): Promise<EarlierLease | undefined> {
  const held = await readHeldLease(stateDirectory);
  if (held?.machine === undefined) return undefined;
  const { key, revision, writing, publicIp, publicIpv6 } = held;
  if (revision === undefined && writing === undefined) return undefined;
  if (!isDeepStrictEqual(held.store, withoutSecrets(store))) return undefined;
  if (!(await isThisMachine(held.machine, hardwareAddresses))) return undefined;
  const addresses = { publicIp: publicIp ?? undefined, publicIpv6: publicIpv6 ?? undefined };
  return { key, revision, writing, ...addresses };
}

/**
 * Releases this node's lease. The result says only what the store confirmed. A lease with other addresses belongs to another node now.
 * Never throws a StoreError.
 *
 * @param current the lease as this process last wrote it, if it did
 */
export async function releaseHeldLease(
  stateDirectory: string,
  store: LeaseStore,
  held: HeldLease,
  emit: EmitEvent,
  current?: LeaseRecord,
): Promise<LeaseEnd> {
  const { key } = held;
  const own = current === undefined ? held : addressesOf(current);
  try {
    const { records } = await store.list();
    const record = records.find((found) => found.key === key);
    const isOurs =
      record !== undefined &&
      (haveSameAddresses(addressesOf(record), own) ||
        (current === undefined && record.value === held.writing));
    const end = isOurs ? await store.remove(record) : 'gone';
    await rm(fileOf(stateDirectory), { force: true });
    if (end === 'gone') return { kind: 'not-held' };
    emit({ event: 'lease-released', subnet: subnetOf(key) });
    return { kind: 'released' };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { kind: 'unconfirmed', subnet: subnetOf(key), because: error.message };
  }
}

function subnetOf(key: string): string {
  const subnets = parseLeaseKey(key);
  return subnets === undefined ? key : describeSubnets(subnets);
}

function addressesOf({ key, value }: Pick<LeaseRecord, 'key' | 'value'>): PublicAddresses {
  const decoded = decodeLease({ key, value, expiresAt: undefined });
  if (decoded.kind === 'malformed') return { publicIp: undefined, publicIpv6: undefined };
  const { publicIp, publicIpv6 } = decoded.lease.attributes;
  return { publicIp, publicIpv6 };
}

function haveSameAddresses(one: Addresses, other: Addresses): boolean {
  return (
    (one.publicIp ?? null) === (other.publicIp ?? null) &&
    (one.publicIpv6 ?? null) === (other.publicIpv6 ?? null)
  );
}

interface Addresses {
  readonly publicIp?: string | null | undefined;
  readonly publicIpv6?: string | null | undefined;
}
