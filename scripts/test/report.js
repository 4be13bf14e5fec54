import { forbiddenSkips } from './skips.js';
import { renderTimes } from './table.js';

const slowestCount = 10;

/**
 * Renders the end of the output: the skips, the failures, the times.
 * @param {readonly import('./parts.js').Part[]} parts @param {{ strict: boolean }} options
 * @returns {{ text: string, ok: boolean }}
 */
export function composeReport(parts, { strict }) {
  const skips = parts.flatMap(({ skips }) => skips);
  const forbidden = forbiddenSkips(skips, { strict });
  const failed = parts.filter(({ ok }) => !ok);
  const sections = [
    ['Skipped', ...skips.map(({ what, reason }) => `  ${what}: ${reason}`)],
    [
      'Skipped for a reason that scripts/test/skips.js does not allow in CI',
      ...forbidden.map(({ what, reason }) => `  ${what}: ${reason}`),
    ],
    [
      'Failed',
      ...failed.flatMap(({ title, notes }) => [title, ...notes.map((note) => `  ${note}`)].map(indent)),
    ],
    ['Times', timesOf(parts)],
  ];
  const text = sections
    .filter((lines) => lines.length > 1)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  return { text, ok: failed.length === 0 && forbidden.length === 0 };
}

/** @param {string} line */
function indent(line) {
  return `  ${line}`;
}

/** @param {import('./parts.js').Part} part */
function noteOn({ ok, details, skips }) {
  if (!ok) return 'FAILED';
  return details.length === 0 && skips.length > 0 ? 'skipped' : '';
}

/** @param {readonly import('./parts.js').Part[]} parts */
function timesOf(parts) {
  const slowest = parts
    .flatMap(({ files }) => [...files])
    .sort(([, one], [, other]) => other - one)
    .slice(0, slowestCount);
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  return renderTimes([
    ...parts.flatMap((part) => [{ title: part.title, ms: part.ms, note: noteOn(part) }, ...part.details]),
    ...(slowest.length > 0 ? [{ title: 'slowest files' }] : []),
    ...slowest.map(([title, ms]) => ({ title, ms, depth: 1 })),
    { title: 'all', ms: total },
  ]);
}
