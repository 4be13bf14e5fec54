import { request } from 'node:http';
import { rangeFrom } from '../../../store/etcd/layout.ts';

/** The wait for an answer, in milliseconds: long enough for an etcd on a busy machine. The request is repeated afterwards. */
const silenceMs = 2000;

/**
 * Sends a request to etcd over a unix socket, through its JSON gateway. To load a gRPC client would take longer than the start of etcd.
 * Returns the answer; rejects if etcd does not answer, or refuses.
 */
function ask(socketPath: string, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, timeout: silenceMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`etcd answered ${response.statusCode ?? '?'} to ${path}: ${text.trim()}`));
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`etcd does not answer ${path}`)));
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
  });
}

/** Whether etcd serves, with a leader. */
export async function isHealthy(socketPath: string): Promise<boolean> {
  try {
    const answer = (await ask(socketPath, 'GET', '/health')) as { readonly health?: string };
    return answer.health === 'true';
  } catch {
    return false;
  }
}

/** Writes a key. */
export async function putKey(socketPath: string, key: string, value: string): Promise<void> {
  await ask(socketPath, 'POST', '/v3/kv/put', { key: encode(key), value: encode(value) });
}

/** Deletes a key. */
export async function deleteKey(socketPath: string, key: string): Promise<void> {
  await ask(socketPath, 'POST', '/v3/kv/deleterange', { key: encode(key) });
}

/** Lists the keys that begin with a text. */
export async function listKeysFrom(socketPath: string, prefix: string): Promise<readonly string[]> {
  const { key, range_end: end } = rangeFrom(prefix);
  const range = { key: key.toString('base64'), range_end: end.toString('base64'), keys_only: true };
  const answer = await ask(socketPath, 'POST', '/v3/kv/range', range);
  const { kvs = [] } = answer as { readonly kvs?: readonly { readonly key: string }[] };
  return kvs.map((each) => Buffer.from(each.key, 'base64').toString());
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
