import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

import type { EtcdTiming } from '../options.ts';

/** A process that was stopped hears nothing either, so one silent look is not enough. */
const mostSilentLooks = 2;

/** A call of grpc-js: a request or a watch. */
interface Call {
  /** Makes the call. */
  readonly run: <T>(call: () => T) => T;
  /** Call when the call has its result, or has failed. */
  readonly end: () => void;
}

/**
 * The sockets that grpc-js opens for its calls to one member, which it does not hand over. grpc-js leaves sockets open that nothing uses,
 * and this class closes them:
 *
 * * A socket on which nothing arrives for two or three times the time in which a probe is sent and answered. A session that grpc-js gives up
 *   is ended gracefully, which waits for the end of the other side, and a session that etcd never answers waits without a limit. A socket
 *   that is used is never silent for so long, because grpc-js probes it.
 * * A try to connect, once a later try has succeeded: grpc-js has given up the earlier one, and the kernel goes on with it.
 * * A socket that is opened for a call which has ended, once another one is connected. After a failure, grpc-js goes on to connect for a
 *   channel that etcd3 has closed.
 */
export class MemberSockets {
  readonly #timing: EtcdTiming;
  /** The open sockets, in the order of their tries. */
  readonly #open = new Set<MemberSocket>();

  constructor(timing: EtcdTiming) {
    this.#timing = timing;
  }

  /** Begins a call, so that the sockets that are opened because of it are known. */
  begin(): Call {
    const state = { sockets: this, hasEnded: false };
    return {
      run: (call) => currentCall.run(state, call),
      end: () => {
        state.hasEnded = true;
      },
    };
  }

  /** @param isLate whether the call that the socket is opened for has ended */
  add(socket: Socket, isLate: boolean): void {
    const added: MemberSocket = { socket, isLate };
    this.#open.add(added);
    socket.once('connect', () => this.#closeSurplus(added));
    socket.once('close', () => this.#open.delete(added));
    closeOnceSilent(socket, this.#timing);
  }

  #closeSurplus(connected: MemberSocket): void {
    const isEarlier = (other: MemberSocket): boolean => {
      const order = [...this.#open];
      return order.indexOf(other) < order.indexOf(connected);
    };
    for (const other of this.#open) {
      if (other === connected) continue;
      const isGivenUp = other.socket.connecting && isEarlier(other);
      if (isGivenUp || (other.isLate && !connected.isLate)) other.socket.destroy();
      else if (connected.isLate && !other.isLate && !other.socket.connecting) connected.socket.destroy();
    }
  }
}

interface MemberSocket {
  readonly socket: Socket;
  readonly isLate: boolean;
}

/** The call that is being made, or whose timers run. */
const currentCall = new AsyncLocalStorage<{ readonly sockets: MemberSockets; readonly hasEnded: boolean }>();

subscribe('net.client.socket', (message) => {
  const call = currentCall.getStore();
  if (call !== undefined && hasSocket(message)) call.sockets.add(message.socket, call.hasEnded);
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
