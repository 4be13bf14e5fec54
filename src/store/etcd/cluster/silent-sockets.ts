import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

import type { EtcdTiming } from '../options.ts';

/** A process that was stopped hears nothing either, so one silent look is not enough. */
const mostSilentLooks = 2;

/** The timing of the call that is being made, for the sockets that grpc-js opens because of the call. */
const callTiming = new AsyncLocalStorage<EtcdTiming>();

/**
 * Makes a call of grpc-js. The sockets that grpc-js opens for the call are closed when nothing arrives on them for two or three
 * times the time in which a probe is sent and answered.
 *
 * grpc-js itself leaves dead sockets open: a session that it gives up is ended gracefully, which waits for the end of the other side,
 * and a session that etcd never answers waits without a limit. A socket that is used is never silent for so long, because grpc-js
 * probes it.
 */
export function closingSilentSockets<T>(timing: EtcdTiming, call: () => T): T {
  return callTiming.run(timing, call);
}

// grpc-js and etcd3 do not hand over their sockets.
subscribe('net.client.socket', (message) => {
  const timing = callTiming.getStore();
  if (timing !== undefined && hasSocket(message)) closeOnceSilent(message.socket, timing);
});

function hasSocket(message: unknown): message is { readonly socket: Socket } {
  return message instanceof Object && 'socket' in message && message.socket instanceof Socket;
}

function closeOnceSilent(socket: Socket, { keepaliveMs, keepaliveTimeoutMs }: EtcdTiming): void {
  let seenBytes = 0;
  let silentLooks = 0;
  const look = (): void => {
    silentLooks = socket.bytesRead === seenBytes ? silentLooks + 1 : 0;
    seenBytes = socket.bytesRead;
    if (silentLooks >= mostSilentLooks) socket.destroy();
  };
  // The event loop reads between timers and immediates, so a late timer does not overlook what has arrived.
  const timer = setInterval(() => setImmediate(look), keepaliveMs + keepaliveTimeoutMs).unref();
  socket.once('close', () => {
    clearInterval(timer);
  });
}
