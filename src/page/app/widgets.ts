import { h, type ComponentChildren, type JSX } from 'preact';
import type { FrameLine } from '../model.ts';

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** A part of the page with a heading. */
export function PageSection({ id, title, children }: SectionProps): JSX.Element {
  return h(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, title),
    children,
  );
}

/** A part that may be wider than the screen. The keyboard can scroll it. */
export function Wide({
  label,
  children,
}: {
  readonly label: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return h('div', { class: 'wide', role: 'group', 'aria-label': label, tabIndex: 0 }, children);
}

interface TableProps {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly ComponentChildren[])[];
  readonly class?: string;
}

/** A table whose first column names its rows. */
export function DataTable({ caption, head, rows, class: name = '' }: TableProps): JSX.Element {
  return h(
    Wide,
    { label: caption },
    h(
      'table',
      { class: name },
      h('caption', {}, caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((text) => h('th', { scope: 'col' }, text)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map(([first, ...others]) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, first),
            others.map((cell) => h('td', {}, cell)),
          ),
        ),
      ),
    ),
  );
}

/** Lines of a recipe, with the one in question marked. */
export function RecipeFrame({
  lines,
  label,
}: {
  readonly lines: readonly FrameLine[];
  readonly label: string;
}): JSX.Element {
  const width = String(lines.at(-1)?.number ?? 1).length;
  return h(
    Wide,
    { label },
    h(
      'pre',
      { class: 'frame-lines' },
      lines.map(({ number, text, isMarked }) =>
        h(
          'code',
          { class: isMarked ? 'marked' : '' },
          `${isMarked ? '▶' : ' '} ${String(number).padStart(width)} │ ${text}\n`,
        ),
      ),
    ),
  );
}

/** The output of a program. */
export function Printed({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  return h(Wide, { label }, h('pre', {}, text));
}
