import { h, type ComponentChildren, type JSX } from 'preact';
import type { PageDocument } from '../model.ts';
import type { PageProblem } from '../view/problem.ts';
import { findProblems, noteOnCommands } from '../view/problems.ts';
import { Printed } from './widgets.ts';

/** The list of what is wrong. */
export function Problems({ document: shown }: { readonly document: PageDocument }): ComponentChildren {
  const problems = findProblems(shown);
  if (problems.length === 0) return h('p', { class: 'good', role: 'status' }, 'Nothing.');
  const note = noteOnCommands(shown, problems);
  return [
    note === null ? null : h('p', {}, note),
    h(
      'ol',
      { class: 'problems', 'aria-live': 'polite' },
      problems.map((problem) => h('li', {}, describe(problem))),
    ),
  ];
}

function describe({ where, what, look, repair, detail }: PageProblem): JSX.Element {
  return h(
    'div',
    {},
    h(
      'p',
      {},
      where === null ? null : h('strong', { class: 'where' }, where),
      where === null ? null : ' ',
      h('span', { class: 'what' }, what),
    ),
    detail === null ? null : h(Printed, { text: detail, label: 'details' }),
    look === null ? null : h('p', { class: 'command' }, 'Look: ', h('code', {}, look)),
    repair === null ? null : h('p', { class: 'command' }, 'Repair: ', h('code', {}, repair)),
  );
}
