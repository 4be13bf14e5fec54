import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import type { Host } from '../harness/host.ts';
import type { CloudAnswer, CloudRequest } from './cloud.ts';

type Answer = (request: CloudRequest) => Promise<CloudAnswer> | CloudAnswer;

/** Where in a namespace a service is reached. */
interface Entrance {
  readonly host: Host;
  readonly address: string;
  readonly port: number;
}

/** A service in this process that is reached in another namespace. */
interface Front {
  close(): Promise<void>;
}

/** The lifetime of what carries the connections: longer than any test. It ends with the hosts at the latest. */
const seconds = 600;

/** A key and a certificate for these hosts, which is its own authority. */
interface Certificate {
  readonly key: string;
  readonly file: string;
}

/** Makes a certificate below a directory. */
export async function makeCertificate(directory: string, hosts: readonly string[]): Promise<Certificate> {
  const [key, file] = [join(directory, 'cloud.key'), join(directory, 'cloud.crt')];
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  await execa('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', file, '-subj', '/CN=cloud', '-addext', `subjectAltName=${names}`],
  ]);
  return { key, file };
}

/**
 * Answers requests in this process, and lets them come from a namespace: there, socat carries each connection to a socket in
 * the directory. With a certificate it is HTTPS.
 */
export async function openFront(
  entrance: Entrance,
  { directory, certificate, answer }: { directory: string; certificate?: Certificate; answer: Answer },
): Promise<Front> {
  const { host, address, port } = entrance;
  const socket = join(directory, `${host.number}-${port}.sock`);
  const listener = listenerOf(answer);
  const server =
    certificate === undefined
      ? createHttpServer(listener)
      : createHttpsServer(
          { key: readFileSync(certificate.key), cert: readFileSync(certificate.file) },
          listener,
        );
  server.listen(socket);
  await once(server, 'listening');
  await host.sh(`ip address show | grep -qF ' ${address}/' || ip address add ${address}/32 dev lo`);
  const listen = `TCP-LISTEN:${port},bind=${address},fork,reuseaddr`;
  void host.start(['socat', listen, `UNIX-CONNECT:${socket}`], { seconds });
  await host.until(`[ -n "$(ss -Hltn 'src ${address} and sport = :${port}')" ]`);
  return {
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Lets names of hosts mean these addresses on a host of a test. */
export async function nameHosts(
  host: Host,
  directory: string,
  addresses: readonly (readonly [string, string])[],
): Promise<void> {
  const file = join(directory, `hosts-${host.number}`);
  const lines = [['127.0.0.1', 'localhost'], ...addresses].map(([address, name]) => `${address} ${name}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o644 });
  await host.sh(`mount --bind ${file} /etc/hosts`);
}

function listenerOf(answer: Answer): RequestListener {
  return (incoming, response) => {
    void readRequest(incoming)
      .then(answer)
      .catch((error: unknown) => ({ status: 500, body: String(error), headers: {} }))
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
  };
}

async function readRequest(incoming: IncomingMessage): Promise<CloudRequest> {
  const { method = '', url = '', headers } = incoming;
  return { method, host: headers.host ?? '', path: url, headers, body: await text(incoming) };
}
