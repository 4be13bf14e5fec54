import type { PeerStatus } from '../../daemon/report/peer-status.ts';
import type { NodeStatus, PartStatus } from '../../daemon/report/status.ts';
import { showInvisibleInLines } from '../../diagnostic/visible-text.ts';
import { formatCount, formatDuration } from '../../diagnostic/words.ts';

/** How many failing or rejected peers are listed for a person; `--json` has all. */
const mostListed = 10;

/** The status as an aligned block for people, and below it what needs attention. */
export function renderStatus(status: NodeStatus, now: number): string {
  const { counts, lease, storeOutage, lastDrift, recipe, probe } = status;
  const rows: [string, string][] = [
    ['node', `${status.node}, heddle ${status.version}, process ${status.pid}, since ${status.startedAt}`],
    ['state', describeState(status)],
  ];
  if (recipe !== null) rows.push(['recipe', `${recipe.name}, type ${recipe.type}, ${recipe.file}`]);
  const parameters = Object.entries(status.parameters ?? {}).map(([name, value]) => `${name}=${value}`);
  if (parameters.length > 0) rows.push(['params', parameters.join(' ')]);
  if (status.network !== null) rows.push(['network', `${status.network}, ${status.store ?? ''}`]);
  rows.push(['lease', lease === null ? 'none yet' : describeLease(lease, now)]);
  if (status.iface !== null) {
    rows.push(['underlay', `${status.iface}${status.mtu === null ? '' : `, overlay MTU ${status.mtu}`}`]);
  }
  rows.push(['peers', describeCounts(counts)]);
  if (probe !== null) rows.push(['probe', describeProbe(probe)]);
  if (storeOutage !== null) {
    rows.push(['store', describeOutage(storeOutage, now)]);
    if (storeOutage.hint !== null) rows.push(['', storeOutage.hint]);
  }
  if (lastDrift !== null) rows.push(['drift', describeDrift(lastDrift)]);
  const block = rows.map(([name, value]) => `${name.padEnd(8)}  ${value}\n`).join('');
  const failing = status.peers.filter(({ state }) => state === 'failing');
  return showInvisibleInLines(
    block +
      renderParts(status.parts, now) +
      renderFailing(failing, now) +
      renderRejections(status.rejections) +
      renderConcerns(status.concerns) +
      renderLiberties(status.liberties) +
      renderSilent(probe),
  );
}

function describeState({ state, because, waitingFor }: NodeStatus): string {
  const reasons = [because, waitingFor === null ? null : `waiting for ${waitingFor}`];
  const given = reasons.filter((reason) => reason !== null);
  return given.length === 0 ? state : `${state}: ${given.join('; ')}`;
}

function describeLease(lease: NonNullable<NodeStatus['lease']>, now: number): string {
  const expiry = lease.expiresAt === null ? 'reserved' : describeExpiry(Date.parse(lease.expiresAt) - now);
  return `${lease.subnet} for ${describeAddresses(lease)}, ${expiry}`;
}

function describeAddresses({
  publicIp,
  publicIpv6,
}: {
  readonly publicIp: string;
  readonly publicIpv6: string | null;
}): string {
  return publicIpv6 === null || publicIpv6 === publicIp ? publicIp : `${publicIp} and ${publicIpv6}`;
}

function describeExpiry(inMs: number): string {
  return inMs > 0 ? `expires in ${formatDuration(inMs)}` : `expired ${formatDuration(-inMs)} ago`;
}

function describeCounts(counts: NodeStatus['counts']): string {
  const parts = [`${counts.inPlace} of ${counts.wanted} in place`];
  if (counts.pending > 0) parts.push(`${counts.pending} pending`);
  if (counts.failing > 0) parts.push(`${counts.failing} failing`);
  if (counts.rejected > 0) parts.push(`${counts.rejected} rejected`);
  if (counts.ignored > 0) parts.push(`${counts.ignored} of other types`);
  if (counts.unreachable > 0) parts.push(`${counts.unreachable} cannot be reached`);
  return parts.join(', ');
}

function describeProbe({ at, counts }: NonNullable<NodeStatus['probe']>): string {
  const parts = [`${counts.answers} answer`];
  if (counts.silent > 0) parts.push(`${counts.silent} answered before, but not now`);
  if (counts.unknown > 0)
    parts.push(`${counts.unknown} never answered, so heddle cannot tell whether packets flow`);
  return `${parts.join(', ')}, at ${at}`;
}

/** The addresses that do not answer. */
function renderSilent(probe: NodeStatus['probe']): string {
  const missing = probe?.addresses.filter(({ result }) => result !== 'answers') ?? [];
  if (missing.length === 0) return '';
  const lines = missing.slice(0, mostListed).map(({ subnet, address, lastAnswerAt }) => {
    const since = lastAnswerAt === null ? 'never answered' : `answered last at ${lastAnswerAt}`;
    return `  ${address} of ${subnet}: ${since}\n`;
  });
  return `\npeers that do not answer\n${lines.join('')}${more(missing.length)}`;
}

function describeOutage(
  { since, because, nextTryAt }: NonNullable<NodeStatus['storeOutage']>,
  now: number,
): string {
  const next = formatDuration(Math.max(0, Date.parse(nextTryAt) - now));
  return `away since ${since}: ${because}; next try in ${next}`;
}

function describeDrift({ at, missing, extra, rebuilt }: NonNullable<NodeStatus['lastDrift']>): string {
  const parts = rebuilt ? ['network built again'] : [];
  if (missing > 0) parts.push(`${formatCount(missing, 'missing peer')} added`);
  if (extra > 0) parts.push(`${formatCount(extra, 'unknown peer')} removed`);
  return `${parts.join(', ')}, at ${at}`;
}

function renderParts(parts: NodeStatus['parts'], now: number): string {
  if (parts.length === 0) return '';
  const width = Math.max(...parts.map(({ name }) => name.length));
  const lines = parts.map((part) => {
    const trouble = part.because === null ? '' : `: ${part.because}${describeFailures(part, now)}`;
    return `  ${part.name.padEnd(width)}  ${part.state.padEnd(8)}  ${part.settings}${trouble}\n`;
  });
  return `\nparts\n${lines.join('')}`;
}

function describeFailures({ failures, nextTryAt }: PartStatus, now: number): string {
  if (failures === 0 || nextTryAt === null) return '';
  const next = formatDuration(Math.max(0, Date.parse(nextTryAt) - now));
  return ` (${formatCount(failures, 'failure')}, next try in ${next})`;
}

function renderFailing(failing: readonly PeerStatus[], now: number): string {
  if (failing.length === 0) return '';
  const lines = failing.slice(0, mostListed).flatMap((peer) => {
    const next =
      peer.nextTryAt === null
        ? ''
        : `, next try in ${formatDuration(Math.max(0, Date.parse(peer.nextTryAt) - now))}`;
    const trouble = peer.lastOutcome?.trouble ?? 'unknown';
    const detail = peer.lastOutcome?.stderr.split('\n').map((line) => `      ${line}`) ?? [];
    const name = `${peer.subnet} at ${describeAddresses(peer)}`;
    return [
      `  ${name}: ${trouble} (${formatCount(peer.retries, 'failure')}${next})`,
      ...detail.filter((line) => line.trim() !== ''),
    ];
  });
  return `\nfailing peers\n${lines.join('\n')}\n${more(failing.length)}`;
}

function renderRejections(rejections: NodeStatus['rejections']): string {
  if (rejections.length === 0) return '';
  const lines = rejections.slice(0, mostListed).map(({ key, because }) => `  ${key}: ${because}\n`);
  return `\nrejected leases\n${lines.join('')}${more(rejections.length)}`;
}

function renderConcerns(concerns: NodeStatus['concerns']): string {
  if (concerns.length === 0) return '';
  const lines = concerns
    .slice(0, mostListed)
    .map(({ kind, because, hint, since }) => `  ${kind}: ${because} (since ${since})\n      ${hint}\n`);
  return `\npackets may not flow\n${lines.join('')}${more(concerns.length)}`;
}

function renderLiberties(liberties: NodeStatus['liberties']): string {
  if (liberties.length === 0) return '';
  const lines = liberties.slice(0, mostListed).map(({ where, message }) => `  ${where}: ${message}\n`);
  return `\nwarnings about the network configuration\n${lines.join('')}${more(liberties.length)}`;
}

function more(total: number): string {
  return total <= mostListed ? '' : `  and ${total - mostListed} more, which --json shows\n`;
}
