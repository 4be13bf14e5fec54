import { CursorLostError } from '../store.ts';
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

/** The number of lists that are begun before a version that is always too old counts as an outage. */
const mostTries = 3;

/**
 * Lists the Nodes in pages, all at one version, and keeps only what the network needs. If the API server forgets that version before the last
 * page, the list begins again. Throws a StoreError, or a CursorLostError if it happens again and again.
 */
export async function listNodes(
  server: ApiServer,
  names: AnnotationNames,
  pageSize: number,
): Promise<ListedNodes> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await listOnce(server, names, pageSize);
    } catch (error) {
      if (!(error instanceof CursorLostError) || tries === mostTries) throw error;
    }
  }
}

async function listOnce(server: ApiServer, names: AnnotationNames, pageSize: number): Promise<ListedNodes> {
  const book = new NodeBook(names);
  let next = '';
  for (;;) {
    const query = { limit: String(pageSize), ...(next !== '' && { continue: next }) };
    const request = { action: 'list the Nodes', path: '/api/v1/nodes', query };
    const page = (await server.read(request, (answer) =>
      readItems(answer, (node) => book.take(node as NodeObject)),
    )) as NodeList;
    next = page.metadata.continue ?? '';
    if (next === '') return { book, resourceVersion: page.metadata.resourceVersion };
  }
}
