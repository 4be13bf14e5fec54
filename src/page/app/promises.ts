import { h, type JSX } from 'preact';
import type { VerifyPage } from '../model.ts';
import { formatMs } from '../view/format.ts';
import { RecipeFrame, PageSection, DataTable } from './widgets.ts';

/** The promises of a recipe, and each try. */
export function PromiseTable({ page }: { readonly page: VerifyPage }): JSX.Element {
  const { report, frames } = page;
  return h(
    PageSection,
    { id: 'promises', title: 'Promises' },
    h(DataTable, {
      caption: `The promises of ${report.recipe}`,
      head: ['promise', 'kept', 'what it means', 'tries'],
      rows: report.promises.map(({ id, promise, kept, tries }) => [
        id,
        h('span', { class: kept ? 'good' : 'bad-text' }, kept ? '✔ kept' : '✘ broken'),
        promise,
        h(
          'ul',
          {},
          tries.map(({ underlay, families, outcome, note, where, tookMs }) =>
            h(
              'li',
              { class: outcome },
              `${underlay} ${families}: ${outcome}, ${note}${where === null ? '' : ` (${where.file}:${where.line})`}, ${formatMs(tookMs)}`,
            ),
          ),
        ),
      ]),
    }),
    Object.entries(frames).map(([place, lines]) =>
      h(
        'article',
        { key: place },
        h('h3', {}, place),
        h(RecipeFrame, { lines, label: `the lines around ${place}` }),
      ),
    ),
  );
}
