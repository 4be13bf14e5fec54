import { CursorLostError, type Listing, type ListPart, type StoreChange } from '../store.ts';
import type { AnnotationNames } from './annotations.ts';
import type { ApiServer } from './api-server.ts';
import { readItems } from './list-items.ts';
import { NodeBook } from './node-book.ts';
import type { NodeObject } from './node-object.ts';

/** A list of Nodes without its items. */
interface NodeList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

/** The Nodes at one version. */
export interface ListedNodes {
  readonly book: NodeBook;
  readonly resourceVersion: string;
}

/** A part of a list of Nodes, with the Nodes at its end. */
type NodePart = Exclude<ListPart, { kind: 'end' }> | { readonly kind: 'end'; readonly listed: ListedNodes };

/** The number of lists that are begun before a version that is always too old counts as an outage. */
const mostTries = 3;

/**
 * Lists the Nodes in pages, all at one version, and keeps only what the network needs. The next page is read while the caller works on the
 * present one. If the API server forgets that version before the last page, the list begins again. Throws a StoreError, or a
 * CursorLostError if that happens again and again.
 */
export async function* listNodes(
  server: ApiServer,
  names: AnnotationNames,
  pageSize: number,
): AsyncGenerator<NodePart, void, void> {
  for (let tries = 1; ; tries += 1) {
    try {
      yield { kind: 'begin' };
      yield* listOnce(server, names, pageSize);
      return;
    } catch (error) {
      if (!(error instanceof CursorLostError) || tries === mostTries) throw error;
    }
  }
}

async function* listOnce(
  server: ApiServer,
  names: AnnotationNames,
  pageSize: number,
): AsyncGenerator<NodePart, void, void> {
  const book = new NodeBook(names);
  let isConsistent = true;
  const read = async (token: string): Promise<{ changes: readonly StoreChange[]; list: NodeList }> => {
    const query = { limit: String(pageSize), ...(token !== '' && { continue: token }) };
    const request = { action: 'list the Nodes', path: '/api/v1/nodes', query };
    const changes: StoreChange[] = [];
    const list = (await server.read(request, (answer) =>
      readItems(answer, (node) => changes.push(...book.take(node as NodeObject))),
    )) as NodeList;
    return { changes, list };
  };
  for (let page = await read(''); ;) {
    const { changes, list } = page;
    const token = list.metadata.continue ?? '';
    const next = token === '' ? undefined : read(token);
    // It may fail while the caller works, or after the caller has left off.
    next?.catch(() => undefined);
    isConsistent &&= changes.every(({ kind }) => kind !== 'delete');
    if (isConsistent) yield { kind: 'page', ...sortChanges(changes) };
    if (next !== undefined) {
      page = await next;
      continue;
    }
    if (!isConsistent) {
      // A Node came twice, and not with the same podCIDRs. Only the book knows what counts.
      yield { kind: 'begin' };
      yield { kind: 'page', records: book.records, faults: book.faults };
    }
    yield { kind: 'end', listed: { book, resourceVersion: list.metadata.resourceVersion } };
    return;
  }
}

function sortChanges(changes: readonly StoreChange[]): Pick<Listing, 'records' | 'faults'> {
  return {
    records: changes.flatMap((change) => (change.kind === 'put' ? change.record : [])),
    faults: changes.flatMap((change) => (change.kind === 'fault' ? change.fault : [])),
  };
}
