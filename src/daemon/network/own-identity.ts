import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent } from '../../event/event.ts';
import { putBack, setAside } from '../../host/state/set-aside.ts';
import { explainError } from '../../host/system-error.ts';
import { identitiesOf, identityReader, type Identity } from '../../lease/identities.ts';
import type { Lease, LeaseAttributes, LeaseSubnets } from '../../lease/lease.ts';
import { decodeLease, leaseKey } from '../../lease/wire.ts';
import { mainPublicAddress } from '../../network/public-addresses.ts';
import type { BackendDataFormat } from '../../recipe/recipe.ts';
import type { ContentSlot, KnownContent } from '../../store/content-slot.ts';
import { collectPages } from '../../store/pages.ts';
import type { LeaseRecord, LeaseStore } from '../../store/store.ts';
import type { EarlierLease } from '../lease/held-lease.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import type { UpOptions } from '../setup/options.ts';
import type { Preparation } from '../setup/prepare.ts';
import { announce } from './parts/device.ts';
import { forgetSharedIdentity, isIdentityShared } from './shared-identity.ts';

interface IdentityContext {
  readonly preparation: Preparation;
  readonly options: UpOptions;
  readonly commands: CommandRunner;
  /** The subnets of the last run. */
  readonly hint: LeaseSubnets | undefined;
  /** The lease that this node wrote last, possibly with another address. */
  readonly earlier: EarlierLease | undefined;
  /** The known content of the store, which is not removed from the slot here. */
  readonly contentSlot: ContentSlot;
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
}

/** The lease of another node that has an identity of this one. */
interface Twin extends Identity {
  readonly key: string;
  readonly publicIp: string;
}

/**
 * Makes sure that no other node has this node's MAC address or key, because one machine may be a copy of another. If another node has one,
 * this node makes new ones: the recipe's files in the state directory are moved aside, and PreStartup runs again. Returns the attributes to
 * publish. Throws a Failure if that does not help.
 */
export async function requireOwnIdentity(
  context: IdentityContext,
  attributes: LeaseAttributes,
): Promise<LeaseAttributes> {
  const { preparation, commands, contentSlot, options, emit, signal } = context;
  const { stateDirectory } = options;
  const format = preparation.loaded.recipe.backendData;
  const identities = identitiesOf(attributes, format);
  if (identities.length === 0) return attributes;
  const known = contentSlot.look();
  const isCompared =
    known?.kind === 'own-lease' &&
    !isIdentityShared(stateDirectory) &&
    hasIdentities(known.record, identities, format);
  if (isCompared) return attributes;
  const { store, outages } = preparation;
  const values = identities.map(({ value }) => value);
  const hasTwin = (): Promise<boolean> => mayHaveTwin(store, known, values, identityReader(format));
  if (!(await outlastOutages(hasTwin, outages, signal))) {
    forgetSharedIdentity(stateDirectory);
    return attributes;
  }
  const listing = await outlastOutages(() => collectPages(store.listPages()), outages, signal);
  const { earlier } = context;
  const ofOthers = listing.records.filter(
    ({ key, revision }) => key !== earlier?.key || revision !== earlier.revision,
  );
  const twinOf = (own: LeaseAttributes): Twin | undefined => findTwin(own, ofOthers, context);
  const twin = twinOf(attributes);
  if (twin === undefined) {
    forgetSharedIdentity(stateDirectory);
    return attributes;
  }

  // The command may need the files, so they are still there. A device that stays would keep its MAC address.
  await commands.runOwn('ShutdownCommand', undefined, signal);
  const aside = await setAside(stateDirectory, new Date()).catch((error: unknown) => {
    throw refuse(twin, `the files in ${stateDirectory} cannot be moved aside: ${explainError(error)}`);
  });
  let renewed: LeaseAttributes | undefined;
  try {
    renewed = await announce(commands, preparation, signal);
  } finally {
    const isOwn = renewed !== undefined && twinOf(renewed) === undefined;
    if (!isOwn && aside !== undefined) await putBack(stateDirectory, aside);
  }
  if (twinOf(renewed) === undefined) {
    const kept = aside === undefined ? '' : `, and keeps the recipe's earlier files in ${aside.folder}`;
    const message = `${describe(twin)}: this machine is a copy of that one, or had another address; heddle made a new ${twin.field}${kept}`;
    emit({ event: 'warning', message });
    forgetSharedIdentity(stateDirectory);
    return renewed;
  }
  // A lease of this node with another address does not belong to another node.
  const ofLastRun = context.hint && leaseKey(context.hint);
  const others = ofOthers.filter(({ key }) => key !== ofLastRun);
  const left = findTwin(attributes, others, context);
  if (left === undefined) return attributes;
  throw refuse(left, 'PreStartupCommand does not make another one');
}

/** Whether a lease of the store has one of these identities. It may be this node's own. */
async function mayHaveTwin(
  store: LeaseStore,
  known: KnownContent | undefined,
  identities: readonly string[],
  identitiesOf: ReturnType<typeof identityReader>,
): Promise<boolean> {
  if (known?.kind === 'survey') return known.survey.mayHave(identities);
  const own = new Set(identities);
  for await (const part of store.listPages()) {
    if (part.kind !== 'page') continue;
    for (const record of part.records) {
      const decoded = decodeLease(record);
      if (decoded.kind === 'lease' && identitiesOf(decoded.lease.attributes).some((each) => own.has(each)))
        return true;
    }
  }
  return false;
}

/**
 * Whether this node's lease has these identities already. Then they were compared with all other leases when the lease was written. A node
 * that got the same later is seen while this one runs, which notes it for its next start: see {@link isIdentityShared}.
 */
function hasIdentities(
  record: LeaseRecord | undefined,
  identities: readonly Identity[],
  format: BackendDataFormat,
): boolean {
  const decoded = record && decodeLease(record);
  if (decoded?.kind !== 'lease') return false;
  const published = new Set(identitiesOf(decoded.lease.attributes, format).map(({ value }) => value));
  return identities.every(({ value }) => published.has(value));
}

function findTwin(
  own: LeaseAttributes,
  records: readonly LeaseRecord[],
  { preparation }: IdentityContext,
): Twin | undefined {
  const { recipe } = preparation.loaded;
  const values = new Set(identitiesOf(own, recipe.backendData).map(({ value }) => value));
  for (const record of records) {
    const decoded = decodeLease(record);
    if (decoded.kind !== 'lease' || !isOfOther(decoded.lease, own)) continue;
    const { attributes, key } = decoded.lease;
    const shared = identitiesOf(attributes, recipe.backendData).find(({ value }) => values.has(value));
    if (shared !== undefined) return { ...shared, key, publicIp: mainPublicAddress(attributes) };
  }
  return undefined;
}

function isOfOther({ attributes }: Lease, own: LeaseAttributes): boolean {
  if (attributes.backendType !== own.backendType) return false;
  return own.publicIp === undefined
    ? attributes.publicIpv6 !== own.publicIpv6
    : attributes.publicIp !== own.publicIp;
}

function describe({ field, value, key, publicIp }: Twin): string {
  return `this node has the same ${field} ${value} as the node at ${publicIp} with the lease ${key}`;
}

function refuse(twin: Twin, why: string): Failure {
  return new Failure('state-directory', `${describe(twin)}, and ${why}`, {
    hint: `one machine is a copy of the other: give this one another ${twin.field}; if that lease is an old one of this node, run heddle leases release ${twin.key}`,
  });
}
