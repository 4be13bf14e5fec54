import type { IncomingMessage } from 'node:http';
import { CursorLostError, StoreError, type StoreChange } from '../store.ts';
import type { ApiServer } from './api-server.ts';
import { readMessage, refusedError } from './errors.ts';
import type { NodeBook } from './node-book.ts';
import type { NodeObject } from './node-object.ts';
import type { KubernetesTiming } from './options.ts';

/** The time after which the API server ends a watch, in seconds, so that nodes spread over its members. */
const shortestWatchSeconds = 300;

/** A watch that the API server ends sooner than this is an outage, in milliseconds: it must not be begun again at once. */
const shortestLifeMs = 1000;

const action = 'watch the Nodes';

interface NodeWatch {
  readonly server: ApiServer;
  /** The Nodes as they were at that version. It is changed. */
  readonly book: NodeBook;
  readonly resourceVersion: string;
  readonly timing: KubernetesTiming;
  readonly signal: AbortSignal;
}

/** An event of a watch, as the API server writes it: one line of JSON. */
type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: NodeObject }
  /** Every change up to this version has been sent. The object has nothing else. */
  | { readonly type: 'BOOKMARK'; readonly object: Pick<NodeObject, 'metadata'> }
  /** The object is a Status. */
  | { readonly type: 'ERROR'; readonly object: { readonly code?: number } };

/**
 * Yields the changes of leases since a version, for ever. Begins the watch again where the API server ends it in good order. Throws a
 * CursorLostError or a {@link StoreError} otherwise, and ends when the signal is aborted.
 */
export async function* watchNodes(watch: NodeWatch): AsyncGenerator<readonly StoreChange[], void, void> {
  const { server, book, timing, signal } = watch;
  let { resourceVersion } = watch;
  while (!signal.aborted) {
    const ended = new AbortController();
    const begun = performance.now();
    try {
      const response = await openWatch(
        server,
        resourceVersion,
        AbortSignal.any([signal, ended.signal]),
        timing,
      );
      for await (const lines of readLines(response, server, timing.silenceMs)) {
        const changes: StoreChange[] = [];
        for (const line of lines) {
          const event = JSON.parse(line) as WatchEvent;
          if (event.type === 'ERROR') throw watchError(server, event.object.code ?? 500, line);
          resourceVersion = event.object.metadata.resourceVersion;
          if (event.type === 'DELETED') changes.push(...book.drop(event.object.metadata.name));
          else if (event.type !== 'BOOKMARK') changes.push(...book.take(event.object));
        }
        if (changes.length > 0) yield changes;
      }
      if (performance.now() - begun < shortestLifeMs) throw closedError(server, 'it ended the watch at once');
    } catch (error) {
      if (isAborted(signal)) return;
      // The next watch continues where this one fell silent.
      if (error !== silence) throw error;
    } finally {
      ended.abort();
    }
  }
}

/** The call is needed because the compiler believes that a signal once seen unaborted stays so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The answer may take long only to begin. */
async function openWatch(
  server: ApiServer,
  resourceVersion: string,
  signal: AbortSignal,
  { requestMs }: KubernetesTiming,
): Promise<IncomingMessage> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), requestMs);
  try {
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(Math.round(shortestWatchSeconds * (1 + Math.random()))),
    };
    return await server.open(
      { action, path: '/api/v1/nodes', query },
      AbortSignal.any([signal, late.signal]),
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Thrown when a watch has been silent for too long. Perhaps its other end is gone: whoever carries the connection may not tell. */
const silence = new Error('the watch is silent');

/**
 * Yields the complete lines of an answer, as they come. Throws a {@link StoreError} when the connection breaks, and {@link silence} when
 * nothing comes for a while: an API server sends a bookmark about once a minute.
 */
async function* readLines(
  response: IncomingMessage,
  server: ApiServer,
  silenceMs: number,
): AsyncGenerator<readonly string[], void, void> {
  // Nodes that began together must not begin again together.
  const timer = setTimeout(() => response.destroy(silence), silenceMs * (1 + Math.random() / 2));
  let parts: Buffer[] = [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      timer.refresh();
      const end = chunk.lastIndexOf('\n');
      if (end < 0) {
        parts.push(chunk);
        continue;
      }
      const whole = Buffer.concat([...parts, chunk.subarray(0, end)]);
      parts = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
      yield whole
        .toString()
        .split('\n')
        .filter((line) => line !== '');
    }
  } catch (error) {
    if (error === silence) throw silence;
    throw closedError(server, 'the connection broke', error);
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}

function watchError(server: ApiServer, code: number, line: string): Error {
  const status = JSON.stringify((JSON.parse(line) as { readonly object: unknown }).object);
  if (code === 410) return new CursorLostError(readMessage(status) ?? 'the version is too old');
  return refusedError(action, server.description, { status: code, body: status });
}

function closedError(server: ApiServer, because: string, cause?: unknown): StoreError {
  return new StoreError(`cannot ${action}: ${server.description}: ${because}`, { retryable: true, cause });
}
