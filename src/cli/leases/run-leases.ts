import { askDaemon } from '../../daemon/report/control.ts';
import type { NodeStatus } from '../../daemon/report/status.ts';
import { showInvisible } from '../../diagnostic/visible-text.ts';
import { formatCount, formatDuration } from '../../diagnostic/words.ts';
import type { Lease } from '../../lease/lease.ts';
import { describeSubnets } from '../../lease/roster.ts';
import { decodeLease, shownKey } from '../../lease/wire.ts';
import { presentValues } from '../../network/per-family.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';
import { openStore } from '../../store/open-store.ts';
import type { StoreChoice } from '../../store/kind.ts';
import type { StoreFault } from '../../store/store.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { asFailure } from '../terminal/report-error.ts';
import { renderTable } from '../terminal/table.ts';
import { roleFinder, type LeaseRole } from './lease-role.ts';

interface LeaseListing {
  readonly leases: readonly Lease[];
  readonly faults: readonly StoreFault[];
  /** The store's description. */
  readonly store: string;
}

type FindRole = (lease: Lease) => LeaseRole;

/** Undefined if no daemon runs, if it uses another store, or if this user may not ask it. */
async function askForRoles(stateDirectory: string, store: string): Promise<FindRole | undefined> {
  try {
    const status = (await askDaemon(stateDirectory, 'GET', '/status')) as NodeStatus | undefined;
    return status?.store === store ? roleFinder(status) : undefined;
  } catch (error) {
    const { kind, message } = asFailure(error);
    if (kind === 'privilege') return undefined;
    if (kind !== 'unresponsive') throw error;
    process.stderr.write(`${message}, so the column HERE is missing\n`);
    return undefined;
  }
}

/**
 * Prints the store's leases, sorted by subnet, and what each is for the daemon of this node, if one runs with this store. Names entries that
 * are not leases on stderr.
 */
export async function listLeases(choice: StoreChoice, stateDirectory: string, json: boolean): Promise<void> {
  const { leases, faults, store } = await readLeases(choice);
  const roleOf = await askForRoles(stateDirectory, store);
  for (const { where, reason } of faults)
    process.stderr.write(`${showInvisible(`${where} skipped: it ${reason}`)}\n`);
  process.stdout.write(
    json
      ? `${JSON.stringify(leases.map((lease) => describeLease(lease, roleOf)))}\n`
      : renderLeases(leases, roleOf, Date.now()),
  );
}

async function readLeases(choice: StoreChoice): Promise<LeaseListing> {
  const store = await openStore(choice, 'read-only');
  try {
    const { records, faults } = await whileWaiting({ what: `the ${store.description}` }, () =>
      store.list({ expiries: true }),
    );
    const leases: Lease[] = [];
    const unreadable: StoreFault[] = [];
    for (const record of records) {
      const decoded = decodeLease(record);
      if (decoded.kind === 'lease') leases.push(decoded.lease);
      else unreadable.push({ where: `lease ${shownKey(record.key)}`, reason: decoded.reason });
    }
    leases.sort((a, b) => compareSubnets(a, b));
    return { leases, faults: [...faults, ...unreadable], store: store.description };
  } finally {
    await store.close();
  }
}

function compareSubnets(a: Lease, b: Lease): number {
  const first = ({ subnets }: Lease): bigint => presentValues(subnets)[0]?.value ?? 0n;
  const difference = first(a) - first(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** A lease as `leases --json` prints it. */
export interface ListedLease {
  readonly subnet: string;
  readonly publicIp: string | null;
  readonly publicIpv6: string | null;
  readonly backendType: string;
  /** JSON as the node wrote it; null if there is none. */
  readonly backendData: unknown;
  readonly backendV6Data: unknown;
  /** RFC 3339; null for a reservation. */
  readonly expiresAt: string | null;
  readonly reservation: boolean;
  /** The meaning of the lease for the daemon of this node; null if no daemon runs here with this store. */
  readonly here: LeaseRole | null;
}

function describeLease(lease: Lease, roleOf: FindRole | undefined): ListedLease {
  const { subnets, attributes, expiresAt } = lease;
  return {
    subnet: describeSubnets(subnets),
    publicIp: attributes.publicIp ?? null,
    publicIpv6: attributes.publicIpv6 ?? null,
    backendType: attributes.backendType,
    backendData: attributes.backendData ?? null,
    backendV6Data: attributes.backendV6Data ?? null,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    reservation: expiresAt === undefined,
    here: roleOf?.(lease) ?? null,
  };
}

function renderLeases(leases: readonly Lease[], roleOf: FindRole | undefined, now: number): string {
  if (leases.length === 0) return 'No leases.\n';
  const rows = leases.map((lease) => {
    const { subnets, attributes, expiresAt } = lease;
    return [
      describeSubnets(subnets),
      listPublicAddresses(attributes).join(' '),
      attributes.backendType,
      [attributes.backendData, attributes.backendV6Data]
        .filter((data) => data !== undefined)
        .map((data) => JSON.stringify(data))
        .join(' '),
      expiresAt === undefined ? 'reserved' : `in ${formatDuration(Math.max(0, expiresAt - now))}`,
      ...(roleOf === undefined ? [] : [describeRole(roleOf(lease))]),
    ];
  });
  const header = [
    'SUBNET',
    'PUBLIC IP',
    'TYPE',
    'DATA',
    'EXPIRES',
    ...(roleOf === undefined ? [] : ['HERE']),
  ];
  return `${renderTable(header, rows)}${formatCount(leases.length, 'lease')}\n`;
}

function describeRole({ state, because }: LeaseRole): string {
  const name = state === 'own' ? 'this node' : state.replaceAll('-', ' ');
  return because === null ? name : `${name}: ${because}`;
}
