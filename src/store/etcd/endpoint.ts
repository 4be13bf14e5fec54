import { Failure } from '../../diagnostic/failure.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';

/** The client URL of one member, in canonical form: `https://[fd00::1]:2379`. */
export type Endpoint = string & { readonly brand: unique symbol };

/** The option and the variable that give the endpoints, for messages. */
const named = '--etcd-endpoints or FLANNELD_ETCD_ENDPOINTS';

const form = /^(?:(https?):\/\/)?(\[[\da-f:.]+\]|[a-z\d](?:[a-z\d._-]*[a-z\d])?):(\d{1,5})\/?$/i;

/**
 * Checks endpoints as operators write them. Throws a {@link Failure} of kind `usage` if one is not an endpoint, or if
 * TLS was asked for and an endpoint is `http://`.
 */
export function parseEndpoints(texts: readonly string[], hasTlsFiles: boolean): readonly Endpoint[] {
  if (texts.length === 0)
    throw refuse('no etcd endpoint was given', `give one with ${named}, like https://10.0.0.1:2379`);
  return [...new Set(texts.map((text) => parseEndpoint(text.trim(), hasTlsFiles)))];
}

function parseEndpoint(text: string, hasTlsFiles: boolean): Endpoint {
  const [, scheme = hasTlsFiles ? 'https' : 'http', host, port] = form.exec(text) ?? [];
  if (host === undefined || port === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw refuse(
      `${nameUnusable(text)} cannot be used`,
      `write only the host and the port in ${named}: https://10.0.0.1:2379`,
    );
  }
  const endpoint = `${scheme}://${host}:${Number(port)}`.toLowerCase() as Endpoint;
  if (hasTlsFiles && !isSecure(endpoint)) {
    throw refuse(
      `the etcd endpoint ${endpoint} is not encrypted, but a certificate or an authority for TLS was given`,
      `write https:// in ${named}, or omit --etcd-cafile, --etcd-certfile, --etcd-keyfile and their variables`,
    );
  }
  return endpoint;
}

export function isSecure(endpoint: Endpoint): boolean {
  return endpoint.startsWith('https:');
}

function nameUnusable(text: string): string {
  if (text === '') return 'an empty etcd endpoint';
  // A URL with user:password@host must not appear in a log.
  return text.includes('@') ? 'an etcd endpoint with an @ in it' : `the etcd endpoint ${quoteText(text)}`;
}

function refuse(message: string, hint: string): Failure {
  return new Failure('usage', message, { hint });
}
