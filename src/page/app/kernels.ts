import { h, type JSX } from 'preact';
import type { PageKernelObject, NodeKernel } from '../model.ts';
import { PageSection } from './widgets.ts';

/** The objects in the kernel of each node, by peer. */
export function Kernels({ kernels }: { readonly kernels: readonly NodeKernel[] }): JSX.Element | null {
  if (kernels.length === 0) return null;
  return h(
    PageSection,
    { id: 'kernel', title: 'What a peer is made of in the kernel' },
    kernels.map(describe),
  );
}

function describe({ node, peers, own }: NodeKernel): JSX.Element {
  return h(
    'details',
    { key: node },
    h('summary', {}, `On ${node}`),
    peers.map(({ peer, objects }) => [h('h3', {}, `${peer} on ${node}`), list(objects)]),
    h('h3', {}, `What all peers share on ${node}`),
    list(own),
  );
}

function list(objects: readonly PageKernelObject[]): JSX.Element {
  if (objects.length === 0) return h('p', { class: 'bad-text' }, 'nothing');
  return h(
    'ul',
    { class: 'objects' },
    objects.map(({ kind, name }) =>
      h('li', {}, h('span', { class: 'kind' }, kind), ' ', h('code', {}, name)),
    ),
  );
}
