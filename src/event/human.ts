import { showInvisible, showInvisibleInLines } from '../diagnostic/visible-text.ts';
import type { RecipeStep } from '../recipe/compare-recipes.ts';
import type { HeddleEvent, LongWait, PeerName } from './event.ts';
import { levelOf } from './level.ts';
import type { Level } from './level.ts';
import { describePlace, describeTrouble, troubleDetail } from './trouble.ts';
import { formatCount, formatDuration, indent, listFew } from '../diagnostic/words.ts';

/** An event as one sentence for a person, with further lines where something was printed by a command. */
interface RenderedEvent {
  readonly level: Level;
  readonly text: string;
  readonly detail: string;
}

type AppliedRecipe = Extract<HeddleEvent, { event: 'recipe-applied' }>;

type Renderers = { readonly [E in HeddleEvent as E['event']]: (event: E) => Lines };

/** The lines of an event, before what others wrote in them is made visible. */
interface Lines {
  readonly text: string;
  readonly detail: string;
}

const line = (text: string, detail = ''): Lines => ({ text, detail });

const renderers: Renderers = {
  started: (e) =>
    line(`heddle ${e.version}, process ${e.pid}: ${Object.entries(e.options).map(formatOption).join(' ')}`),
  state: (e) => line(`${e.from} → ${e.to}${e.because === undefined ? '' : `: ${e.because}`}`),
  'stop-asked': (e) => line(stopEffects[e.effect](e.by)),
  waiting: (e) =>
    line(`waiting for ${e.waits.map(describeWait).join(', ')}` + (e.more > 0 ? ` and ${e.more} more` : '')),
  'interface-chosen': (e) =>
    line(`underlay interface ${e.iface}, MTU ${e.mtu}, public address ${e.publicIp}: ${e.because}`),
  'network-configured': (e) => line(`network ${e.network}, type ${e.type}, from ${e.source}`),
  'network-awaited': (e) =>
    line(
      `the network configuration is missing in ${e.source}; waiting for one at ${e.place}`,
      indent(e.cause === null ? e.hint : `${e.cause}\n${e.hint}`),
    ),
  'address-changed': (e) =>
    line(`the address of this node is ${e.to} now and was ${e.from}; it keeps the subnet ${e.subnet}`),
  'lease-acquired': (e) => line(`lease ${e.subnet} ${e.how} for ${e.publicIp}, ${describeEnd(e.expiresAt)}`),
  'lease-renewed': (e) => line(`lease ${e.subnet} renewed, ${describeEnd(e.expiresAt)}`),
  'lease-lost': (e) => line(`lease ${e.subnet} lost: ${e.because}`),
  'lease-released': (e) => line(`lease ${e.subnet} released`),
  'command-finished': (e) =>
    line(
      `${e.command} done in ${formatDuration(e.durationMs)}` +
        (e.times === undefined || e.times === 1 ? '' : `; it printed this ${e.times} times in a row`),
      indent(e.stderr),
    ),
  'command-failed': (e) => line(describeTrouble(e.trouble), troubleDetail(e.trouble)),
  'orphans-ended': (e) =>
    line(`ended ${formatCount(e.count, 'command')} that an earlier daemon had left running`),
  snapshot: (e) =>
    line(
      `store lists ${formatCount(e.peers, 'peer')}` +
        (e.ignored > 0 ? `, ${e.ignored} of other types` : '') +
        (e.rejected > 0 ? `, ${e.rejected} rejected` : ''),
    ),
  'peer-added': (e) =>
    line(`peer ${name(e.peer)} added in ${formatDuration(e.durationMs)} (${e.reason})`, indent(e.stderr)),
  'peer-removed': (e) =>
    line(`peer ${name(e.peer)} removed in ${formatDuration(e.durationMs)} (${e.reason})`, indent(e.stderr)),
  'peer-failed': (e) =>
    line(
      `peer ${name(e.peer)} could not be ${e.operation === 'add' ? 'added' : 'removed'} (${e.reason}, attempt ${e.attempt}): ` +
        `${describeTrouble(e.trouble)}; ` +
        (e.retryInMs > 0 ? `next try in ${formatDuration(e.retryInMs)}` : 'not tried again'),
      troubleDetail(e.trouble),
    ),
  drift: (e) =>
    line(
      [
        e.missing.length > 0
          ? `${formatCount(e.missing.length, 'peer')} missing (${listFew(e.missing)})`
          : '',
        e.extra.length > 0
          ? `${formatCount(e.extra.length, 'unknown peer')} in place (${listFew(e.extra)})`
          : '',
      ]
        .filter((part) => part !== '')
        .join(' and ') + ' in the kernel; repairing',
    ),
  'peer-displaced': (e) =>
    line(`${name(e.peer)} cannot be in place together with ${name(e.by)}: both have ${listFew(e.shared)}`),
  'part-broken': (e) => line(`${e.part} is broken: ${e.because}; repairing it`, e.detail),
  'part-restored': (e) =>
    line(`${e.part} is repaired${e.failures === 0 ? '' : ` after ${formatCount(e.failures, 'failure')}`}`),
  'part-failed': (e) =>
    line(
      `${e.part} could not be brought up or repaired: ${e.because}; next try in ${formatDuration(e.retryInMs)}`,
      e.detail,
    ),
  'monitor-ended': (e) =>
    line(`MonitorCommand ${e.how}; next start in ${formatDuration(e.retryInMs)}`, indent(e.stderr)),
  concern: (e) => line(`${e.kind}: ${e.because}`, indent(e.hint)),
  'concern-ended': (e) => line(`${e.kind} is over: ${e.about}`),
  'compile-difference': (e) =>
    line(`${describePlace(e)} for ${e.subnet} would do something else without the shell: ${e.because}`),
  'batch-applied': (e) =>
    line(
      `${formatCount(e.addedCount, 'peer')} added and ${e.removedCount} removed in one batch, ${formatDuration(e.durationMs)}`,
      indent(e.stderr),
    ),
  'batch-failed': (e) =>
    line(
      `a batch of ${formatCount(e.size, 'peer')} failed: ${describeTrouble(e.trouble)}; looking for the failing peers in smaller batches`,
      troubleDetail(e.trouble),
    ),
  'lease-rejected': (e) => line(`lease ${e.key} rejected: ${e.because}`),
  'store-fault': (e) => line(`${e.where} skipped: it ${e.because}`),
  'store-outage': (e) => line(`store unreachable: ${e.because}; next try in ${formatDuration(e.retryInMs)}`),
  'store-back': (e) => line(`store is back after ${formatDuration(e.afterMs)}`),
  ready: (e) =>
    line(
      `ready: subnet ${e.subnet}, MTU ${e.mtu}, ${formatCount(e.peers, 'peer')} in place, wrote ${e.subnetFile}`,
    ),
  'recipe-refused': (e) =>
    line(`${e.file} was saved, but has errors: ${e.because}; the running recipe stays`, indent(e.findings)),
  'recipe-applied': (e) => line(describeApplied(e), indent(e.findings)),
  'recipe-failed': (e) =>
    line(
      `the network does not come up with the saved ${e.file}: ${e.because}; going back to the last recipe`,
      e.detail,
    ),
  'shutdown-finished': (e) =>
    e.remains === null
      ? line(`network taken down, ${formatCount(e.removed, 'peer')} removed`)
      : line(`network not taken down completely, ${formatCount(e.removed, 'peer')} removed: ${e.remains}`),
  finding: (e) =>
    line(`${e.where.file}:${e.where.line}:${e.where.column} ${e.code}: ${e.message}`, indent(e.hint ?? '')),
  warning: (e) => line(e.message),
  repeated: (e) => line(describeRepeated(e)),
  failure: (e) => line(e.message, e.hint === undefined ? '' : indent(e.hint)),
};

/** Renders any event for a person. What others wrote moves no cursor and begins no line of its own. */
export function renderEvent(event: HeddleEvent): RenderedEvent {
  // The table is exhaustive by type; what TypeScript cannot see is that the entry found by a tag takes that tag's event.
  const render = renderers[event.event] as (event: HeddleEvent) => Lines;
  const { text, detail } = render(event);
  return { level: levelOf(event), text: showInvisible(text), detail: showInvisibleInLines(detail) };
}

function formatOption([name, value]: readonly [string, string]): string {
  if (value === 'true') return name;
  return `${name}=${/^[\w./:@%+=,*-]+$/.test(value) ? value : JSON.stringify(value)}`;
}

type Repeated = Extract<HeddleEvent, { event: 'repeated' }>;

function describeRepeated({ count: times, about, aboutCount, withinMs, last }: Repeated): string {
  const others = aboutCount - about.length;
  const names = `${about.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
  const whom = aboutCount > 1 ? `, about ${names}` : '';
  const often = times === 1 ? 'once' : `${times} times`;
  return `repeated ${often} within ${formatDuration(withinMs)}${whom}; the last: ${last}`;
}

type StopEffect = Extract<HeddleEvent, { event: 'stop-asked' }>['effect'];

const stopEffects: Readonly<Record<StopEffect, (by: string) => string>> = {
  stop: (by) => `stopping, asked by ${by}`,
  hurry: (by) => `asked by ${by} again: ending the commands that still run`,
  none: (by) => `asked by ${by} as well, and already stopping`,
};

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

/** Says what is waited for, since when and for how long at most. */
export function describeWait({ what, forMs, limitMs }: LongWait): string {
  return `${what} (${formatDuration(forMs)} so far, ${formatDuration(limitMs)} at most)`;
}

/** A lease of a Node, and a reservation, have no end. */
function describeEnd(expiresAt: string): string {
  return expiresAt === 'never' ? 'without an end' : `until ${expiresAt}`;
}
