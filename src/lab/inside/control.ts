import { createServer, type Socket } from 'node:net';
import { Failure } from '../../diagnostic/failure.ts';
import { controlSocket, faultVerbs, type ControlRequest, type ControlResponse } from '../protocol.ts';
import { applyFault } from './faults.ts';
import { parseObject, readJsonLines } from './json-lines.ts';
import { describeFailure, type Lab } from './lab.ts';

/** Answers `lab ps` and the fault verbs, over a socket that is only in the lab's mount namespace. */
export function serveControl(lab: Lab): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    readJsonLines(
      socket,
      (object) => void answer(lab, object as unknown as ControlRequest, socket),
      (line) => void answer(lab, parseObject(line) as unknown as ControlRequest, socket),
    );
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(controlSocket, resolve);
  });
}

async function answer(lab: Lab, request: ControlRequest, socket: Socket): Promise<void> {
  const response = await respond(lab, request).catch((error: unknown): ControlResponse => {
    return { response: 'failure', ...describeFailure(error) };
  });
  socket.end(JSON.stringify(response) + '\n');
}

async function respond(lab: Lab, request: ControlRequest): Promise<ControlResponse> {
  if (request.request === 'status') {
    return {
      response: 'status',
      name: lab.spec.name,
      recipe: lab.spec.recipe.name,
      store: lab.spec.store,
      server: lab.store.server?.status() ?? null,
      nodes: lab.nodes.map((node) => node.status()),
    };
  }
  if (!faultVerbs.includes(request.request)) {
    throw new Failure('usage', `the lab ${lab.spec.name} does not know this request`);
  }
  return {
    response: 'done',
    message: await applyFault(lab.changes, request.request, lab.target(request.node)),
  };
}
