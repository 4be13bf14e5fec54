import { showInvisible, showInvisibleInLines } from '../diagnostic/visible-text.ts';
import type { RecipeStep } from '../recipe/compare-recipes.ts';
import type { HeddleEvent, PeerName } from './event.ts';
import { describeTrouble, troubleDetail } from './trouble.ts';
import { count, formatDuration, indent, listFew } from '../diagnostic/words.ts';

export type Level = 'info' | 'warn' | 'error';

/** An event as one sentence for a person, with further lines where something was printed by a command. */
export interface RenderedEvent {
  readonly level: Level;
  readonly text: string;
  readonly detail: string;
}

type AppliedRecipe = Extract<HeddleEvent, { event: 'recipe-applied' }>;

type Renderers = { readonly [E in HeddleEvent as E['event']]: (event: E) => RenderedEvent };

const info = (text: string, detail = ''): RenderedEvent => ({ level: 'info', text, detail });
const warn = (text: string, detail = ''): RenderedEvent => ({ level: 'warn', text, detail });
const error = (text: string, detail = ''): RenderedEvent => ({ level: 'error', text, detail });

const renderers: Renderers = {
  state: (e) =>
    (e.to === 'degraded' ? warn : info)(
      `${e.from} → ${e.to}${e.because === undefined ? '' : `: ${e.because}`}`,
    ),
  'stop-asked': (e) =>
    info(
      e.isFirst ? `stopping, asked by ${e.by}` : `asked by ${e.by} again: ending the commands that still run`,
    ),
  'interface-chosen': (e) =>
    info(`underlay interface ${e.iface}, MTU ${e.mtu}, public address ${e.publicIp}: ${e.because}`),
  'network-configured': (e) => info(`network ${e.network}, type ${e.type}, from ${e.source}`),
  'network-awaited': (e) =>
    warn(`${e.source} does not have a network configuration; waiting for one`, indent(e.hint)),
  'lease-acquired': (e) => info(`lease ${e.subnet} ${e.how} for ${e.publicIp}, until ${e.expiresAt}`),
  'lease-renewed': (e) => info(`lease ${e.subnet} renewed until ${e.expiresAt}`),
  'lease-lost': (e) => warn(`lease ${e.subnet} lost: ${e.because}`),
  'lease-released': (e) => info(`lease ${e.subnet} released`),
  'command-finished': (e) =>
    info(`${e.command} done in ${formatDuration(e.durationMs)}`, e.stderr === '' ? '' : indent(e.stderr)),
  'command-failed': (e) => error(describeTrouble(e.trouble), troubleDetail(e.trouble)),
  'orphans-ended': (e) => warn(`ended ${count(e.count, 'command')} that an earlier daemon had left running`),
  snapshot: (e) =>
    info(
      `store lists ${count(e.peers, 'peer')}` +
        (e.ignored > 0 ? `, ${e.ignored} of other types` : '') +
        (e.rejected > 0 ? `, ${e.rejected} rejected` : ''),
    ),
  'peer-added': (e) =>
    info(`peer ${name(e.peer)} added in ${formatDuration(e.durationMs)} (${e.reason})`, indent(e.stderr)),
  'peer-removed': (e) =>
    info(`peer ${name(e.peer)} removed in ${formatDuration(e.durationMs)} (${e.reason})`, indent(e.stderr)),
  'peer-failed': (e) =>
    warn(
      `peer ${name(e.peer)} could not be ${e.operation === 'add' ? 'added' : 'removed'} (${e.reason}, attempt ${e.attempt}): ` +
        `${describeTrouble(e.trouble)}; ` +
        (e.retryInMs > 0 ? `next try in ${formatDuration(e.retryInMs)}` : 'not tried again'),
      troubleDetail(e.trouble),
    ),
  drift: (e) =>
    warn(
      [
        e.missing.length > 0 ? `${count(e.missing.length, 'peer')} missing (${listFew(e.missing)})` : '',
        e.extra.length > 0 ? `${count(e.extra.length, 'unknown peer')} in place (${listFew(e.extra)})` : '',
      ]
        .filter((part) => part !== '')
        .join(' and ') + ' in the kernel; repairing',
    ),
  'peer-displaced': (e) =>
    warn(
      `${name(e.peer)} cannot be in place together with ${name(e.by)}: they share an address or backend data`,
    ),
  'part-broken': (e) => warn(`${e.part} is broken: ${e.because}; repairing it`, e.detail),
  'part-restored': (e) => info(`${e.part} is repaired`),
  'part-failed': (e) =>
    error(
      `${e.part} could not be brought up or repaired: ${e.because}; next try in ${formatDuration(e.retryInMs)}`,
      e.detail,
    ),
  'monitor-ended': (e) =>
    warn(`MonitorCommand ${e.how}; started again in ${formatDuration(e.retryInMs)}`, indent(e.stderr)),
  concern: (e) => warn(`${e.kind}: ${e.because}`, indent(e.hint)),
  'concern-ended': (e) => info(`${e.kind} is over: ${e.about}`),
  'batch-applied': (e) =>
    info(
      `${count(e.addedCount, 'peer')} added and ${e.removedCount} removed in one batch, ${formatDuration(e.durationMs)}`,
    ),
  'batch-failed': (e) =>
    warn(
      `a batch of ${count(e.size, 'peer')} failed: ${describeTrouble(e.trouble)}; looking for the failing peers in smaller batches`,
      troubleDetail(e.trouble),
    ),
  'lease-rejected': (e) => warn(`lease ${e.key} rejected: ${e.because}`),
  'store-fault': (e) => warn(`${e.where} skipped: ${e.because}`),
  'store-outage': (e) => warn(`store unreachable: ${e.because}; next try in ${formatDuration(e.retryInMs)}`),
  'store-back': (e) => info(`store is back after ${formatDuration(e.afterMs)}`),
  ready: (e) =>
    info(
      `ready: subnet ${e.subnet}, MTU ${e.mtu}, ${count(e.peers, 'peer')} in place, wrote ${e.subnetFile}`,
    ),
  'recipe-refused': (e) =>
    error(`${e.file} was saved, but has errors: ${e.because}; the running recipe stays`, indent(e.findings)),
  'recipe-applied': (e) => info(describeApplied(e), indent(e.findings)),
  'recipe-failed': (e) =>
    error(
      `the network does not come up with the saved ${e.file}: ${e.because}; going back to the last recipe`,
      e.detail,
    ),
  'shutdown-finished': (e) =>
    e.failed === 0
      ? info(`network taken down, ${count(e.removed, 'peer')} removed`)
      : warn(`network taken down, ${count(e.removed, 'peer')} removed, ${e.failed} could not be removed`),
  finding: (e) =>
    warn(`${e.where.file}:${e.where.line}:${e.where.column} ${e.code}: ${e.message}`, indent(e.hint ?? '')),
  warning: (e) => warn(e.message),
  failure: (e) => error(e.message, e.hint === undefined ? '' : indent(e.hint)),
};

/** Renders any event for a person. What others wrote moves no cursor and begins no line of its own. */
export function renderEvent(event: HeddleEvent): RenderedEvent {
  // The table is exhaustive by type; what TypeScript cannot see is that the entry found by a tag takes that tag's event.
  const render = renderers[event.event] as (event: HeddleEvent) => RenderedEvent;
  const { level, text, detail } = render(event);
  return { level, text: showInvisible(text), detail: showInvisibleInLines(detail) };
}

const appliedSteps: Readonly<Record<RecipeStep['kind'], string>> = {
  nothing: 'nothing to do',
  swap: 'in use without a change in the kernel',
  peers: 'every peer removed and added again',
  node: 'the network built again',
};

function describeApplied({ file, step, because, durationMs }: AppliedRecipe): string {
  const change = because === null ? `${file} was saved` : `${file} was saved: ${because}`;
  return `${change}; ${appliedSteps[step]} in ${formatDuration(durationMs)}`;
}

function name({ subnet, publicIp, publicIpv6 }: PeerName): string {
  return `${subnet} at ${publicIp}${publicIpv6 === undefined ? '' : ` and ${publicIpv6}`}`;
}
