import { Failure } from '../diagnostic/failure.ts';
import { planAcquisition, type AcquisitionPlan, type ExhaustedRange } from '../lease/acquire.ts';
import type { Lease, LeaseAttributes, LeaseSubnets } from '../lease/lease.ts';
import { claimedSubnets, decodeLease, encodeAttributes, leaseKey } from '../lease/wire.ts';
import { contains, formatAddress, formatCidr } from '../network/cidr.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { eachFamily } from '../network/per-family.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';
import type { KnownContent } from './listing-slot.ts';
import { collectPages } from './pages.ts';
import type { AssignedNode, LeaseRecord, LeaseStore, Listing } from './store.ts';

/**
 * The number of tries to get a subnet. Each lost race means that another node got its subnet, so this is how many nodes may start together
 * before one gives up; flannel's ten tries are too few for fifty nodes.
 */
const mostTries = 1000;

/** The lease that a node wrote last. A lease in the store is that lease if it has this key, and this revision or this value. */
export interface WrittenLease {
  readonly key: string;
  /** The revision of the last write that the store confirmed; undefined if there was none. */
  readonly revision: string | undefined;
  /** The value of a write that the store may have done, but did not confirm; undefined if there was none. */
  readonly writing: string | undefined;
}

export interface AcquireRequest {
  readonly configuration: NetworkConfiguration;
  /** The attributes of the lease. Their addresses identify this node. */
  readonly attributes: LeaseAttributes;
  readonly ttlSeconds: number;
  /** The lease that this node wrote last, with any addresses. */
  readonly earlier?: WrittenLease | undefined;
  /** Called before each write of the lease, so that the write can be noted. */
  readonly beforeWrite?: (write: Pick<LeaseRecord, 'key' | 'value'>) => Promise<void>;
  /** The subnets in the subnet file of the last run. */
  readonly hint: LeaseSubnets | undefined;
  /** A random number from 0 up to, not including, 1. */
  readonly random?: () => number;
  /**
   * The last known content of the store, for the first attempt. If the store has changed since, the attempt does not
   * write anything, and the store is read again.
   */
  readonly known?: KnownContent | undefined;
  /** The signal that ends the tries; its reason is then thrown. */
  readonly signal?: AbortSignal;
}

export interface AcquiredLease {
  readonly record: LeaseRecord;
  readonly lease: Lease;
  readonly how: 'created' | 'reused';
  /** This node's leases that did not fit the configuration and were removed. */
  readonly dropped: readonly Lease[];
  /** This node's reservations that do not fit the configuration. They stay, and the operator should know of them. */
  readonly unfitReservations: readonly Lease[];
  /** The known content of the store, with this lease, and without the removed leases that did not fit. */
  readonly known: KnownContent;
}

/**
 * Gets a lease for this node: that of its assigned subnets in a store that assigns them, else one by flannel's order of preference. Throws a {@link Failure} of kind `pool-exhausted` when no subnet is left,
 * and the errors of the store.
 */
export async function acquireLease(store: LeaseStore, request: AcquireRequest): Promise<AcquiredLease> {
  if (store.node !== undefined) return acquireAssigned(store, store.node, request);
  const { configuration, hint, earlier } = request;
  const { publicIp, publicIpv6 } = request.attributes;
  const applicant = { configuration, hint, earlier, publicIp, publicIpv6 };
  /** Keys that could not be created. If the next listing does not show one, an unreadable entry stands there. */
  const refused = new Set<string>();
  for (let tries = 0; tries < mostTries; tries += 1) {
    request.signal?.throwIfAborted();
    const earlierView = tries === 0 ? request.known : undefined;
    const known = earlierView ?? (await readDeciding(store, applicant));
    const listing = known.kind === 'everything' ? known.listing : onlyLease(known.record);
    const { records } = listing;
    const plan =
      choiceFor(applicant, known) ?? planFrom(listing, refused, applicant, request.random ?? Math.random);
    if (plan.kind === 'exhausted' && earlierView !== undefined) continue;
    if (known.kind === 'own-lease' && !isDecidedAlone(plan)) continue;
    const misfits = await dropMisfits(store, plan, records);
    if (misfits.kind === 'raced') continue;
    const result = await carryOut(store, plan, records, request);
    if (result.kind === 'acquired') {
      const { acquired } = result;
      const { dropped } = misfits;
      const { unfitReservations } = plan;
      return {
        ...acquired,
        dropped,
        unfitReservations,
        known: withOutcome(known, acquired.record, dropped),
      };
    }
    if (result.takenKey !== undefined) refused.add(result.takenKey);
  }
  throw contested(store);
}

function contested(store: LeaseStore): Failure {
  return new Failure(
    'store',
    `could not get a lease from the ${store.description} after ${mostTries} attempts`,
    {
      hint: 'another process keeps writing there: heddle leases shows the leases, so find out who writes them',
    },
  );
}

/** Writes the lease of the subnets that the store has assigned to this node. */
async function acquireAssigned(
  store: LeaseStore,
  node: AssignedNode,
  request: AcquireRequest,
): Promise<AcquiredLease> {
  const { configuration, attributes, ttlSeconds } = request;
  const value = encodeAttributes(attributes);
  for (let tries = 0; tries < mostTries; tries += 1) {
    request.signal?.throwIfAborted();
    const assigned = await node.readSubnets();
    const subnets = fitAssigned(assigned, configuration);
    const key = leaseKey(assigned);
    const previous = await store.readLease(key);
    const record =
      previous === undefined
        ? await store.create(key, value, ttlSeconds)
        : await store.replace(previous, value, ttlSeconds);
    if (record === 'taken' || record === 'gone') continue;
    return {
      record,
      lease: { ...leaseOf(record), subnets },
      how: previous === undefined ? 'created' : 'reused',
      dropped: [],
      unfitReservations: [],
      known: withOutcome(request.known ?? { kind: 'own-lease', record }, record, []),
    };
  }
  throw contested(store);
}

/**
 * The assigned subnets of the families that the network has. Throws a {@link Failure} of kind `store` for a family without a subnet, and for a
 * subnet outside of the network.
 */
function fitAssigned(assigned: LeaseSubnets, configuration: NetworkConfiguration): LeaseSubnets {
  return eachFamily((family) => {
    const network = configuration[family]?.network;
    if (network === undefined) return undefined;
    const subnet = assigned[family];
    const hint = 'give the cluster (--cluster-cidr) and the network configuration the same network';
    if (subnet === undefined) {
      const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
      const message = `this node has no ${name} podCIDR, but the network has the ${name} network ${formatCidr(network)}`;
      throw new Failure('store', message, { hint });
    }
    if (!contains(network, subnet)) {
      const message = `the podCIDR ${formatCidr(subnet)} of this node is not inside the network ${formatCidr(network)}`;
      throw new Failure('store', message, { hint });
    }
    return subnet;
  });
}

function withOutcome(known: KnownContent, acquired: LeaseRecord, dropped: readonly Lease[]): KnownContent {
  if (known.kind === 'own-lease') return { kind: 'own-lease', record: acquired };
  const { listing } = known;
  const outdated = new Set([acquired.key, ...dropped.map(({ key }) => key)]);
  const records = [...listing.records.filter(({ key }) => !outdated.has(key)), acquired];
  return { kind: 'everything', listing: { ...listing, records } };
}

/** The node that asks for a lease, and its network. */
interface Applicant extends PublicAddresses {
  readonly configuration: NetworkConfiguration;
  readonly hint: LeaseSubnets | undefined;
  /** The earlier lease, as in {@link AcquireRequest}. */
  readonly earlier: WrittenLease | undefined;
}

/**
 * Throws the {@link Failure} of kind `pool-exhausted` that {@link acquireLease} would throw now, and writes nothing. For a node that would
 * have to make devices first. Returns what it has read.
 */
export async function requireSubnet(store: LeaseStore, applicant: Applicant): Promise<KnownContent> {
  if (store.node !== undefined) {
    const assigned = await store.node.readSubnets();
    fitAssigned(assigned, applicant.configuration);
    return { kind: 'own-lease', record: await store.readLease(leaseKey(assigned)) };
  }
  const known = await readDeciding(store, applicant);
  if (known.kind === 'own-lease') return known;
  const plan = planFrom(known.listing, new Set(), applicant, Math.random);
  if (plan.kind === 'exhausted') throw describeExhausted(plan, store);
  return { ...known, choice: { plan, publicIp: applicant.publicIp, publicIpv6: applicant.publicIpv6 } };
}

/** The choice that came with a list, if it was made for the same addresses. To choose takes a while for many thousand leases. */
function choiceFor(
  { publicIp, publicIpv6 }: PublicAddresses,
  known: KnownContent,
): AcquisitionPlan | undefined {
  if (known.kind !== 'everything' || known.choice === undefined) return undefined;
  const { choice } = known;
  return choice.publicIp === publicIp && choice.publicIpv6 === publicIpv6 ? choice.plan : undefined;
}

/**
 * Reads as much of the store as decides the subnet. The lease under the subnets that this node asks for decides alone, if it is this node's
 * and fits: {@link planAcquisition} prefers it to every other one. Otherwise the whole list decides: a lease with this node's address may
 * have any key.
 */
async function readDeciding(store: LeaseStore, applicant: Applicant): Promise<KnownContent> {
  const { hint } = applicant;
  const record = hint && (await store.readLease(leaseKey(hint)));
  if (record !== undefined) {
    const plan = planFrom(onlyLease(record), new Set(), applicant, Math.random);
    if (isDecidedAlone(plan)) return { kind: 'own-lease', record };
  }
  return { kind: 'everything', listing: await readEverything(store) };
}

/** Lists all leases, and decodes each page while the store reads the next one. */
export function readEverything(store: Pick<LeaseStore, 'listPages'>): Promise<Listing> {
  return collectPages(store.listPages(), (records) => records.forEach(decodeLease));
}

/**
 * Whether the plan from one lease gives the lease that the plan from any list with it would give. Other leases of this node, which do not fit,
 * stay until a whole list decides.
 */
function isDecidedAlone(plan: AcquisitionPlan): boolean {
  return plan.kind === 'reuse' && plan.misfits.length === 0;
}

function onlyLease(record: LeaseRecord | undefined): Pick<Listing, 'records' | 'faults'> {
  return { records: record === undefined ? [] : [record], faults: [] };
}

/** The lease that a node would get. */
export interface LeaseForecast {
  readonly how: AcquiredLease['how'];
  readonly subnets: LeaseSubnets;
  /** Whether the subnets are certain. Otherwise they are an example, because {@link acquireLease} picks some at random. */
  readonly isCertain: boolean;
}

/**
 * Foresees the lease that {@link acquireLease} would get now. Throws the {@link Failure} that it would throw. Writes nothing.
 *
 * @param assigned the subnets that the store assigns to this node, in a store that does
 */
export function foreseeLease(
  store: Pick<LeaseStore, 'description'>,
  listing: Listing,
  applicant: Applicant,
  assigned?: LeaseSubnets,
): LeaseForecast {
  if (assigned !== undefined) {
    const subnets = fitAssigned(assigned, applicant.configuration);
    const isThere = listing.records.some(({ key }) => key === leaseKey(assigned));
    return { how: isThere ? 'reused' : 'created', subnets, isCertain: true };
  }
  const [plan, other] = [0, 1 - Number.EPSILON].map((chance) =>
    planFrom(listing, new Set(), applicant, () => chance),
  );
  if (plan === undefined || other === undefined) throw new Error('nothing was planned');
  switch (plan.kind) {
    case 'exhausted':
      throw describeExhausted(plan, store);
    case 'reuse':
      return { how: 'reused', subnets: plan.lease.subnets, isCertain: true };
    case 'create': {
      const isCertain = other.kind === 'create' && leaseKey(other.subnets) === leaseKey(plan.subnets);
      return { how: 'created', subnets: plan.subnets, isCertain };
    }
  }
}

/**
 * Plans from everything in the store: an entry that cannot be read, or is not a lease, still occupies its range. Keys that turn out to be
 * leases are removed from `refused`.
 */
function planFrom(
  { records, faults }: Pick<Listing, 'records' | 'faults'>,
  refused: Set<string>,
  applicant: Applicant,
  random: () => number,
): AcquisitionPlan {
  const leases: Lease[] = [];
  const blocked: LeaseSubnets[] = [];
  for (const record of records) {
    refused.delete(record.key);
    const decoded = decodeLease(record);
    if (decoded.kind === 'lease') leases.push(decoded.lease);
    else blocked.push(...subnetsOf(record.key));
  }
  for (const key of [...refused, ...faults.flatMap(({ key }) => key ?? [])]) blocked.push(...subnetsOf(key));
  const { earlier } = applicant;
  const isUntouched = records.some(
    ({ key, revision, value }) =>
      key === earlier?.key && (revision === earlier.revision || value === earlier.writing),
  );
  return planAcquisition({
    ...applicant,
    earlierKey: isUntouched ? earlier?.key : undefined,
    leases,
    blocked,
    random,
  });
}

/** The subnets of a key; none for a key that names no subnet. */
function subnetsOf(key: string): LeaseSubnets[] {
  const subnets = claimedSubnets(key);
  return subnets === undefined ? [] : [subnets];
}

/** Removes leases that do not fit before a new one is taken, as flannel does: their subnets may be needed. */
async function dropMisfits(
  store: LeaseStore,
  { misfits }: AcquisitionPlan,
  records: readonly LeaseRecord[],
): Promise<{ readonly kind: 'done' | 'raced'; readonly dropped: readonly Lease[] }> {
  const dropped: Lease[] = [];
  for (const misfit of misfits) {
    const record = records.find(({ key }) => key === misfit.key);
    if (record === undefined || (await store.remove(record)) === 'gone') return { kind: 'raced', dropped };
    dropped.push(misfit);
  }
  return { kind: 'done', dropped };
}

type Result =
  | { readonly kind: 'acquired'; readonly acquired: Pick<AcquiredLease, 'record' | 'lease' | 'how'> }
  | { readonly kind: 'raced'; readonly takenKey: string | undefined };

async function carryOut(
  store: LeaseStore,
  plan: AcquisitionPlan,
  records: readonly LeaseRecord[],
  request: AcquireRequest,
): Promise<Result> {
  const value = encodeAttributes(request.attributes);
  switch (plan.kind) {
    case 'exhausted':
      throw describeExhausted(plan, store);
    case 'reuse': {
      const previous = records.find(({ key }) => key === plan.lease.key);
      if (previous !== undefined) await request.beforeWrite?.({ key: previous.key, value });
      const record = previous && (await store.replace(previous, value, request.ttlSeconds));
      if (record === undefined || record === 'gone') return { kind: 'raced', takenKey: undefined };
      return { kind: 'acquired', acquired: { record, lease: leaseOf(record), how: 'reused' } };
    }
    case 'create': {
      const key = leaseKey(plan.subnets);
      await request.beforeWrite?.({ key, value });
      const record = await store.create(key, value, request.ttlSeconds);
      if (record === 'taken') return { kind: 'raced', takenKey: key };
      return { kind: 'acquired', acquired: { record, lease: leaseOf(record), how: 'created' } };
    }
  }
}

function leaseOf(record: LeaseRecord): Lease {
  const decoded = decodeLease(record);
  if (decoded.kind === 'lease') return decoded.lease;
  throw new Failure('internal', `the lease ${record.key} was written, but ${decoded.reason}`);
}

function describeExhausted(
  { range, total, leased, reserved, blocked }: ExhaustedRange,
  store: Pick<LeaseStore, 'description'>,
): Failure {
  const { network, subnetLength, subnetMin, subnetMax } = range;
  const where = `${formatAddress(subnetMin)} to ${formatAddress(subnetMax)} of ${formatCidr(network)}`;
  const counts = [`${leased} leased`, `${reserved} reserved`];
  if (blocked > 0) counts.push(`${blocked} unreadable`);
  return new Failure(
    'pool-exhausted',
    `no free subnet is left in the ${store.description}: all ${total} of length /${subnetLength} from ${where} ` +
      `are in use (${counts.join(', ')})`,
    {
      hint: 'release the leases of nodes that are gone: heddle leases, then heddle leases release SUBNET; or widen the range in the network configuration',
    },
  );
}
