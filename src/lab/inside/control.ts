import { createServer, type Server, type Socket } from 'node:net';
import { Failure } from '../../diagnostic/failure.ts';
import { daemonKinds, type DaemonKind } from '../plan/request.ts';
import {
  controlSocket,
  faultVerbs,
  type ControlRequest,
  type ControlResponse,
  type LinkStatus,
} from '../protocol.ts';
import { applyFault } from './faults.ts';
import { parseObject } from './json-lines.ts';
import { describeFailure, type Lab } from './lab.ts';

/** The limits of the control socket. The recipes' commands can reach it, too. */
interface ControlLimits {
  /** The most connections at once; any further one is closed. */
  readonly connections: number;
  /** The longest request, in bytes. */
  readonly requestBytes: number;
  /** The time for the whole request, and then for the client to read the answer, in milliseconds. */
  readonly patienceMs: number;
}

const usualLimits: ControlLimits = { connections: 32, requestBytes: 4096, patienceMs: 10_000 };

/** Answers `lab ps` and the fault verbs, over a socket that is only in the lab's mount namespace. */
export function serveControl(lab: Lab): Promise<void> {
  const server = createLineServer((request) => respond(lab, request as ControlRequest | undefined));
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(controlSocket, resolve);
  });
}

/**
 * Creates a server that answers one JSON line for each connection with one JSON line. No client can keep it busy or fill it: it closes
 * connections that are too many, too slow or too long. It does not listen yet.
 *
 * @param respond gets undefined for a line that is not a JSON object
 */
export function createLineServer(
  respond: (request: object | undefined) => Promise<ControlResponse>,
  limits = usualLimits,
): Server {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    readLine(socket, limits, (line) => void answer(respond, line, socket, limits));
  });
  server.maxConnections = limits.connections;
  return server;
}

/** Calls back with the first line of a connection, and reads no more. A connection without one in time, or with a longer one, ends. */
function readLine(
  socket: Socket,
  { requestBytes, patienceMs }: ControlLimits,
  onLine: (line: string) => void,
): void {
  let received = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf('\n');
    if (end < 0 && received.length <= requestBytes) return;
    clearTimeout(timer);
    socket.removeAllListeners('data').resume();
    if (end < 0 || end > requestBytes) socket.destroy();
    else onLine(received.toString('utf8', 0, end));
  });
}

async function answer(
  respond: (request: object | undefined) => Promise<ControlResponse>,
  line: string,
  socket: Socket,
  { patienceMs }: ControlLimits,
): Promise<void> {
  const response = await respond(parseObject(line)).catch((error: unknown): ControlResponse => {
    return { response: 'failure', ...describeFailure(error) };
  });
  socket.end(JSON.stringify(response) + '\n');
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  socket.once('close', () => {
    clearTimeout(timer);
  });
}

async function respond(lab: Lab, request: ControlRequest | undefined): Promise<ControlResponse> {
  if (request?.request === 'status') {
    return {
      response: 'status',
      name: lab.spec.name,
      recipe: lab.spec.recipe.name,
      store: lab.spec.store,
      server: lab.store.server?.status() ?? null,
      nodes: lab.nodes.map((node) => node.status()),
      routers: lab.routers.map((router) => router.status()),
      faults: lab.faults.all,
    };
  }
  if (request?.request === 'links') {
    const links = await lab.links.change(request.target, request.change);
    if (Object.keys(request.change).length > 0)
      for (const link of links) lab.faults.note(link.name.split(':')[0] ?? '', describeLimits(link));
    return { response: 'links', links };
  }
  if (request === undefined || !faultVerbs.includes(request.request) || !isKnownKind(request.with)) {
    throw new Failure('usage', `the lab ${lab.spec.name} does not know this request`);
  }
  return {
    response: 'done',
    message: await applyFault(lab, request.request, lab.target(request.node), request.with),
  };
}

/** The new limits of a link, as a sentence. */
function describeLimits({ name, mtu, loss, rate, delay }: LinkStatus): string {
  const limits = Object.entries({ loss, rate, delay }).flatMap(([limit, value]) =>
    value === null ? [] : [`${limit} ${value}`],
  );
  return `${name}: MTU ${[mtu, ...limits].join(', ')}.`;
}

function isKnownKind(kind: DaemonKind | undefined): boolean {
  return kind === undefined || daemonKinds.includes(kind);
}
