import { showInvisible } from '../../diagnostic/visible-text.ts';
import { CursorLostError, StoreError } from '../store.ts';

/** The answer of the API server to a request that it did not carry out. */
export interface RefusedRequest {
  /** The status of HTTP. */
  readonly status: number;
  /** The body: a Status of the Kubernetes API, or text of whatever answered. */
  readonly body: string;
}

/** The object that a request is about does not exist. It may come: a kubelet registers its Node. */
export class MissingObjectError extends StoreError {
  constructor(message: string) {
    super(message, {
      retryable: true,
      hint: 'give --kube-node-name, or the variable NODE_NAME, the name of a Node: kubectl get nodes',
    });
  }
}

/** The rights that heddle needs, for hints. It reads a pod only where nothing else names its Node. */
const rights = 'nodes get, list, watch; nodes/status patch';

/** The longest part of a message that is shown, in characters. */
const longestMessage = 300;

/**
 * The error for a refused request.
 *
 * @param action what was not done, as a verb phrase: `list the Nodes`
 * @param server the name of the API server
 */
export function refusedError(action: string, server: string, { status, body }: RefusedRequest): Error {
  const reason = readMessage(body) ?? `it answered with the HTTP status ${status}`;
  if (status === 410) return new CursorLostError(reason);
  const message = `cannot ${action}: ${server} says: ${reason}`;
  const error = (hint?: string): StoreError =>
    new StoreError(message, { retryable: true, ...(hint !== undefined && { hint }) });
  switch (status) {
    case 401:
      return error('the API server does not know this user: check its token or certificate');
    case 403:
      return error(
        `give the ServiceAccount or the user these rights: ${action.startsWith('read the Pod ') ? 'pods get; ' : ''}${rights}`,
      );
    case 404:
      return new MissingObjectError(message);
    default:
      return error();
  }
}

/** The message of a Status, fit for one line. */
export function readMessage(body: string): string | undefined {
  let message = body;
  try {
    const status = JSON.parse(body) as { readonly message?: unknown } | null;
    if (typeof status?.message === 'string') message = status.message;
  } catch {
    // Something else than an API server may have answered.
  }
  const text = message.trim();
  if (text === '') return undefined;
  return showInvisible(text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text);
}
