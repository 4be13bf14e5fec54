import { Failure } from '../diagnostic/failure.ts';
import type { AcquisitionPlan, ExhaustedRange } from '../lease/acquire.ts';
import type { Lease, LeaseAttributes, LeaseSubnets } from '../lease/lease.ts';
import { decodeLease, encodeAttributes, leaseKey } from '../lease/wire.ts';
import { contains, formatAddress, formatCidr } from '../network/cidr.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { eachFamily } from '../network/per-family.ts';
import type { KnownContent } from './content-slot.ts';
import type { AssignedNode, LeaseRecord, LeaseStore, Listing } from './store.ts';
import { surveyOf, surveyStore, type Applicant, type StoreSurvey, type WrittenLease } from './survey.ts';

/**
 * The number of tries to get a subnet. Each lost race means that another node got its subnet, so this is how many nodes may start together
 * before one gives up; flannel's ten tries are too few for fifty nodes.
 */
const mostTries = 1000;

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
    const earlierView = tries === 0 ? viewFor(applicant, request.known) : undefined;
    const known = earlierView ?? (await readDeciding(store, applicant, refused));
    const survey = surveyIn(known, applicant);
    const plan = survey.plan(request.random ?? Math.random);
    if (plan.kind === 'exhausted' && earlierView !== undefined) continue;
    if (known.kind === 'own-lease' && !isDecidedAlone(plan)) continue;
    const misfits = await dropMisfits(store, plan, survey);
    if (misfits.kind === 'raced') continue;
    const result = await carryOut(store, plan, survey, request);
    if (result.kind === 'acquired') {
      const { unfitReservations } = plan;
      return { ...result.acquired, dropped: misfits.dropped, unfitReservations };
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
  const plan = known.survey.plan(Math.random);
  if (plan.kind === 'exhausted') throw describeExhausted(plan, store);
  return known;
}

/** The content that was read before, unless it is about a node with other addresses. */
function viewFor(applicant: Applicant, known: KnownContent | undefined): KnownContent | undefined {
  return known?.kind === 'survey' && !known.survey.isFor(applicant) ? undefined : known;
}

function surveyIn(known: KnownContent, applicant: Applicant): StoreSurvey {
  switch (known.kind) {
    case 'survey':
      return known.survey;
    case 'own-lease':
      return surveyOf(applicant, onlyLease(known.record));
  }
}

/**
 * Reads as much of the store as decides the subnet. The lease under the subnets that this node asks for decides alone, if it is this node's
 * and fits: {@link StoreSurvey.plan} prefers it to every other one. Otherwise the whole list decides: a lease with this node's address may
 * have any key.
 */
async function readDeciding(
  store: LeaseStore,
  applicant: Applicant,
  refused?: Set<string>,
): Promise<KnownContent> {
  const { hint } = applicant;
  const record = hint && (await store.readLease(leaseKey(hint)));
  if (record !== undefined) {
    const plan = surveyOf(applicant, onlyLease(record)).plan(Math.random);
    if (isDecidedAlone(plan)) return { kind: 'own-lease', record };
  }
  return { kind: 'survey', survey: await surveyStore(store, applicant, refused) };
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
  const survey = surveyOf(applicant, listing);
  const plan = survey.plan(() => 0);
  const other = survey.plan(() => 1 - Number.EPSILON);
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

/** Removes leases that do not fit before a new one is taken, as flannel does: their subnets may be needed. */
async function dropMisfits(
  store: LeaseStore,
  { misfits }: AcquisitionPlan,
  survey: StoreSurvey,
): Promise<{ readonly kind: 'done' | 'raced'; readonly dropped: readonly Lease[] }> {
  const dropped: Lease[] = [];
  for (const misfit of misfits) {
    const record = survey.own(misfit.key);
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
  survey: StoreSurvey,
  request: AcquireRequest,
): Promise<Result> {
  const value = encodeAttributes(request.attributes);
  switch (plan.kind) {
    case 'exhausted':
      throw describeExhausted(plan, store);
    case 'reuse': {
      const previous = survey.own(plan.lease.key);
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
