import { h, type ComponentChildren, type JSX } from 'preact';
import type { PageDocument, PageVerdict } from '../model.ts';
import { CommandFailures } from './failed-commands.ts';
import { Kernels } from './kernels.ts';
import { LabView } from './lab-view.ts';
import { NodeView } from './node-view.ts';
import { Problems } from './problems.ts';
import { PromiseTable } from './promises.ts';
import { TimelineView } from './timeline.ts';
import { PageSection } from './widgets.ts';

interface PageProps {
  readonly document: PageDocument | undefined;
  readonly connection: 'file' | 'connecting' | 'live' | 'lost';
}

const connections: Readonly<Record<PageProps['connection'], string>> = {
  file: 'A report: it does not change, and loads nothing.',
  connecting: 'Connecting …',
  live: 'Live: the page follows what happens.',
  lost: 'The server of this page does not answer: what you see is the last state that it sent.',
};

/** The whole page. */
export function WholePage({ document: shown, connection }: PageProps): JSX.Element {
  const state = h('p', { class: `connection ${connection}`, role: 'status' }, connections[connection]);
  if (shown === undefined) return h('main', {}, h('h1', {}, 'heddle'), state);
  return h(
    'div',
    { class: 'frame' },
    h('a', { class: 'skip', href: '#problems' }, 'Skip to what is wrong'),
    h(
      'header',
      {},
      h('h1', {}, shown.title),
      verdictOf(shown),
      state,
      h(
        'p',
        { class: 'quiet' },
        `heddle ${shown.version}, ${shown.madeAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}`,
      ),
    ),
    h(
      'main',
      {},
      h(PageSection, { id: 'problems', title: 'What is wrong' }, h(Problems, { document: shown })),
      contentOf(shown),
    ),
  );
}

function verdictOf(shown: PageDocument): JSX.Element | null {
  if (shown.page === 'node') {
    const state = shown.status?.state ?? 'not running';
    return h(VerdictLine, { kind: state === 'running' ? 'passed' : 'failed', text: `The node is ${state}` });
  }
  return h(VerdictLine, shown.verdict);
}

const marks: Readonly<Record<PageVerdict['kind'], string>> = { passed: '✔', failed: '✘', live: '●' };

function VerdictLine({ kind, text }: PageVerdict): JSX.Element {
  return h('p', { class: `verdict ${kind}` }, h('span', { 'aria-hidden': 'true' }, `${marks[kind]} `), text);
}

function contentOf(shown: PageDocument): ComponentChildren {
  switch (shown.page) {
    case 'verify':
      return h(PromiseTable, { page: shown });
    case 'lab':
      return [
        h(LabView, { page: shown }),
        h(CommandFailures, { failures: shown.failures }),
        h(TimelineView, { timeline: shown.timeline }),
        h(Kernels, { kernels: shown.kernels }),
      ];
    case 'node':
      return [
        h(NodeView, { status: shown.status }),
        h(CommandFailures, { failures: shown.failures }),
        h(TimelineView, { timeline: shown.timeline }),
      ];
  }
}
