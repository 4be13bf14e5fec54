import { connect } from 'node:net';
import { Failure } from '../../diagnostic/failure.ts';
import { whileWaiting } from '../../host/interruption.ts';
import type { FoundLab } from './find.ts';
import { parseObject } from '../inside/json-lines.ts';
import { nameArgument } from '../plan/request.ts';
import { controlSocket, type ControlRequest, type ControlResponse, type LinkStatus } from '../protocol.ts';
import type { LinkChange } from '../plan/underlay/impairment.ts';

type ResponseOf<Kind> = Extract<ControlResponse, { response: Kind }>;

/** Asks a lab for the state of its nodes. */
export async function askStatus(lab: FoundLab): Promise<ResponseOf<'status'>> {
  return expect(lab, 'status', await ask(lab, { request: 'status' }));
}

/** Asks a lab to change links, or only for their state. */
export async function askLinks(
  lab: FoundLab,
  target: string | null,
  change: LinkChange,
): Promise<readonly LinkStatus[]> {
  return expect(lab, 'links', await ask(lab, { request: 'links', target, change })).links;
}

/** Asks a lab to do something to a node. Returns one sentence about the result. */
export async function askFor(
  lab: FoundLab,
  request: Exclude<ControlRequest, { request: 'status' | 'links' }>,
): Promise<string> {
  return expect(lab, 'done', await ask(lab, request)).message;
}

function expect<Kind extends ControlResponse['response']>(
  lab: FoundLab,
  kind: Kind,
  response: ControlResponse,
): ResponseOf<Kind> {
  if (response.response === 'failure') {
    throw new Failure(response.kind, response.message, { hint: response.hint, detail: response.detail });
  }
  if (response.response !== kind) {
    throw new Failure('internal', `the lab ${lab.name} answered another request`);
  }
  return response as ResponseOf<Kind>;
}

/**
 * Sends a request to a lab. The socket is in the lab's mount namespace, which /proc shows to every process that may trace the lab's first
 * process.
 */
function ask(lab: FoundLab, request: ControlRequest): Promise<ControlResponse> {
  return whileWaiting({ what: describeRequest(lab, request) }, () => send(lab, request));
}

function describeRequest({ name }: FoundLab, request: ControlRequest): string {
  switch (request.request) {
    case 'status':
      return `the answer of the lab ${name} about its nodes`;
    case 'links':
      return `the answer of the lab ${name} about its links`;
    default:
      return `the lab ${name} to ${request.request} ${request.node}`;
  }
}

function send(lab: FoundLab, request: ControlRequest): Promise<ControlResponse> {
  return new Promise((resolve, reject) => {
    const socket = connect(`/proc/${lab.pid}/root${controlSocket}`);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(JSON.stringify(request) + '\n'));
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', (cause) => {
      const message = `the lab ${lab.name} does not answer on its control socket: ${cause.message}`;
      const hint = `try again, because it may be starting or ending, or remove it with heddle lab down${nameArgument(lab.name)}`;
      reject(new Failure('not-running', message, { hint, cause }));
    });
    socket.on('end', () => {
      const response = parseObject(text);
      if (response) resolve(response as unknown as ControlResponse);
      else {
        const hint = 'somebody may have removed it; start it again with heddle lab up';
        reject(new Failure('not-running', `the lab ${lab.name} ended before it answered`, { hint }));
      }
    });
  });
}
