import { showInvisible } from '../../diagnostic/visible-text.ts';
import { formatCount, formatDuration } from '../../diagnostic/words.ts';
import type { Lease } from '../../lease/lease.ts';
import { describeSubnets } from '../../lease/roster.ts';
import { decodeLease } from '../../lease/wire.ts';
import { presentValues } from '../../network/per-family.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';
import { openStore } from '../../store/open-store.ts';
import type { StoreChoice } from '../../store/kind.ts';
import type { StoreFault } from '../../store/store.ts';
import { renderTable } from '../terminal/table.ts';

interface LeaseListing {
  readonly leases: readonly Lease[];
  readonly faults: readonly StoreFault[];
}

/** Prints the store's leases, sorted by subnet. Names entries that are not leases on stderr. */
export async function listLeases(choice: StoreChoice, json: boolean): Promise<void> {
  const { leases, faults } = await readLeases(choice);
  for (const { where, reason } of faults)
    process.stderr.write(`${showInvisible(`${where} skipped: ${reason}`)}\n`);
  process.stdout.write(
    json ? `${JSON.stringify(leases.map(describeLease))}\n` : renderLeases(leases, Date.now()),
  );
}

async function readLeases(choice: StoreChoice): Promise<LeaseListing> {
  const store = await openStore(choice, 'read-only');
  try {
    const { records, faults } = await store.list({ expiries: true });
    const leases: Lease[] = [];
    const unreadable: StoreFault[] = [];
    for (const record of records) {
      const decoded = decodeLease(record);
      if (decoded.kind === 'lease') leases.push(decoded.lease);
      else unreadable.push({ where: `lease ${record.key}`, reason: decoded.reason });
    }
    leases.sort((a, b) => compareSubnets(a, b));
    return { leases, faults: [...faults, ...unreadable] };
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
}

function describeLease({ subnets, attributes, expiresAt }: Lease): ListedLease {
  return {
    subnet: describeSubnets(subnets),
    publicIp: attributes.publicIp ?? null,
    publicIpv6: attributes.publicIpv6 ?? null,
    backendType: attributes.backendType,
    backendData: attributes.backendData ?? null,
    backendV6Data: attributes.backendV6Data ?? null,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    reservation: expiresAt === undefined,
  };
}

function renderLeases(leases: readonly Lease[], now: number): string {
  if (leases.length === 0) return 'No leases.\n';
  const rows = leases.map(({ subnets, attributes, expiresAt }) => [
    describeSubnets(subnets),
    listPublicAddresses(attributes).join(' '),
    attributes.backendType,
    [attributes.backendData, attributes.backendV6Data]
      .filter((data) => data !== undefined)
      .map((data) => JSON.stringify(data))
      .join(' '),
    expiresAt === undefined ? 'reserved' : `in ${formatDuration(Math.max(0, expiresAt - now))}`,
  ]);
  return `${renderTable(['SUBNET', 'PUBLIC IP', 'TYPE', 'DATA', 'EXPIRES'], rows)}${formatCount(leases.length, 'lease')}\n`;
}
