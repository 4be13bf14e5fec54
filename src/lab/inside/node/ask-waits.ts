import http from 'node:http';
import { json } from 'node:stream/consumers';
import type { LongWait } from '../../../event/event.ts';
import { controlSocketPath } from '../../../host/state/instance.ts';
import { nodeStateDirectory, pathInLab } from '../../protocol.ts';

/** The time in which a daemon answers, in milliseconds. */
const answerMs = 2000;

/** Asks a node's daemon which commands run at this moment, the oldest first. Empty if the daemon does not answer. */
export async function askForWaits(node: string): Promise<readonly LongWait[]> {
  const socketPath = controlSocketPath(pathInLab(node, nodeStateDirectory));
  const signal = AbortSignal.timeout(answerMs);
  try {
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get({ socketPath, path: '/waits', signal }, resolve).once('error', reject);
    });
    const waits = await json(answer);
    return answer.statusCode === 200 ? (waits as readonly LongWait[]) : [];
  } catch {
    // The daemon has not begun to answer, or has ended.
    return [];
  }
}
