import { h, type JSX } from 'preact';
import type { CommandFailure } from '../model.ts';
import { timeOfDay } from '../view/format.ts';
import { RecipeFrame, Printed, PageSection } from './widgets.ts';

/** The commands of the recipe that failed, with their lines. */
export function CommandFailures({
  failures,
}: {
  readonly failures: readonly CommandFailure[];
}): JSX.Element | null {
  if (failures.length === 0) return null;
  return h(
    PageSection,
    { id: 'failures', title: 'Commands that failed' },
    failures.map((failure) => h('article', {}, describe(failure))),
  );
}

function describe({
  node,
  command,
  peer,
  how,
  where,
  frame,
  stderr,
  count,
  lastAt,
  isOver,
}: CommandFailure): JSX.Element[] {
  const place = where === null ? '' : ` (${where.file}:${where.line})`;
  const whom = peer === null ? '' : ` for ${peer}`;
  const often = count === 1 ? '' : `, ${count} times`;
  return [
    h('h3', {}, `${command} on ${node}${whom}`),
    h(
      'p',
      {},
      `${how}${place}${often}, last at ${timeOfDay(lastAt)}${isOver ? '; it has succeeded since' : ''}`,
    ),
    ...(frame.length === 0 ? [] : [h(RecipeFrame, { lines: frame, label: `the lines of ${command}` })]),
    ...(stderr === '' ? [] : [h(Printed, { text: stderr, label: `the output of ${command}` })]),
  ];
}
