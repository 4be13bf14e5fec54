import { Chalk } from 'chalk';
import type { RenderOptions } from '../report/render.ts';
import { closingMark } from '../report/render.ts';
import type { PromiseReport, TryReport, VerifyReport } from './report.ts';

/** Renders the report of `lab verify` for people: a line for each promise, and a line for each reason below it. */
export function renderVerify(report: VerifyReport, options: RenderOptions): string {
  const width = Math.max(...report.promises.map(({ id }) => id.length));
  const rows = report.promises.flatMap((row) => renderPromise(row, width, options));
  const broken = report.promises.filter(({ kept }) => !kept).length;
  const total = report.promises.length;
  const labs = report.families.length * report.underlays.length;
  const result =
    broken === 0 ? `keeps ${total} of ${total} promises` : `breaks ${broken} of ${total} promises`;
  const where = `${report.underlays.join(' and ')}; ${report.families.join(', ')}`;
  const took = (report.tookMs / 1000).toFixed(0);
  return `${rows.join('\n')}\n\n${closingMark(report.passed, options)} ${report.recipe} ${result} in ${labs} ${labs === 1 ? 'lab' : 'labs'} (${where}), ${took} s\n`;
}

function renderPromise(row: PromiseReport, width: number, options: RenderOptions): readonly string[] {
  const { dim } = new Chalk({ level: options.colour ? 1 : 0 });
  // Why no pod reaches another there is told once, with the first row.
  const notes = groupByNote(
    row.tries.filter(
      ({ outcome, note }) =>
        outcome === 'broken' || (outcome === 'expected' && !note.startsWith('not tried')),
    ),
  );
  const firstKept = row.tries.find(({ outcome }) => outcome === 'kept');
  const what = firstKept === undefined ? '' : dim(` (${firstKept.note})`);
  return [
    `${closingMark(row.kept, options)} ${row.id.padEnd(width)}  ${row.promise}${what}`,
    ...notes.flatMap((tries) =>
      renderReason(tries, ' '.repeat(width + 4), tries.length === row.tries.length),
    ),
  ];
}

/** The tries with the same outcome, reason and line, together. */
function groupByNote(tries: readonly TryReport[]): readonly (readonly [TryReport, ...TryReport[]])[] {
  const groups = new Map<string, [TryReport, ...TryReport[]]>();
  for (const each of tries) {
    const key = JSON.stringify([each.outcome, withoutNumbers(each.note), each.where, each.add]);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return [...groups.values()];
}

/** A reason without addresses and numbers, which differ from lab to lab. */
function withoutNumbers(note: string): string {
  return note.replaceAll(/[0-9a-f]*[0-9:.][0-9a-f:./]*/gi, '#');
}

function renderReason(
  tries: readonly [TryReport, ...TryReport[]],
  indent: string,
  isEverywhere: boolean,
): readonly string[] {
  const [{ note, where, add }] = tries;
  const labs = isEverywhere
    ? ''
    : `${tries.map(({ underlay, families }) => `${underlay} ${families}`).join(', ')}: `;
  const lines = [`${indent}${labs}${note}`];
  if (where !== null) lines.push(`${indent}${where.file}:${where.line}${add === null ? '' : `: add ${add}`}`);
  return lines;
}
