import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

import { ownLoopbackAddress } from './loopback.ts';

const port = 2379;

/** One connection through the proxy: the client's end, and the server's. */
interface Link {
  readonly near: Socket;
  readonly far: Socket;
}

/** A TCP proxy before an etcd that fails as networks do. */
export class FaultProxy implements AsyncDisposable {
  readonly address: string;
  readonly #target: string;
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #isHeld = false;
  #delayMs = 0;
  private constructor(target: string) {
    this.#target = target;
    this.address = ownLoopbackAddress();
  }

  static async open(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.resume();
    return proxy;
  }

  endpoint(scheme = 'http'): string {
    return `${scheme}://${this.address}:${port}`;
  }

  /** Breaks every connection, and refuses new ones. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && once(server, 'close');
    server?.close();
    this.#breakLinks();
    await closed;
  }

  /** Carries nothing any more, and tells nobody: what is sent waits, new connections are taken. */
  hold(): void {
    this.#isHeld = true;
    for (const { near, far } of this.#links) {
      near.pause();
      far.pause();
    }
  }

  /** Loses the server's end of every connection without a word to the client; new connections are fine. */
  strand(): void {
    for (const { near, far } of this.#links) {
      near.removeAllListeners('data').pause();
      far.removeAllListeners('close').destroy();
    }
  }

  /** Loses every answer on a connection from the moment on when a text is sent on it; requests still arrive. */
  muteOnceSent(text: string): void {
    for (const { near, far } of this.#links) {
      near.prependListener('data', (chunk: Buffer) => {
        if (chunk.includes(text)) far.removeAllListeners('data').resume();
      });
    }
  }

  /** Tells every client that nothing more will come, and goes on taking what it sends. */
  halfClose(): void {
    for (const { near, far } of this.#links) {
      far.removeAllListeners('data').resume();
      near.end();
    }
  }

  /** Carries everything so much later. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Ends every fault but what is broken already. */
  async resume(): Promise<void> {
    this.#isHeld = false;
    this.#delayMs = 0;
    for (const { near, far } of this.#links) {
      if (near.listenerCount('data') > 0) near.resume();
      far.resume();
    }
    if (this.#server !== undefined) return;
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      this.#connect(near);
    });
    this.#server.listen(port, this.address);
    await once(this.#server, 'listening');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }

  #connect(near: Socket): void {
    const far = createConnection({ host: this.#target, port, allowHalfOpen: true });
    const link = { near, far };
    this.#links.add(link);
    this.#carry(near, far);
    this.#carry(far, near);
    const forget = (): void => {
      near.destroy();
      far.destroy();
      this.#links.delete(link);
    };
    near.on('close', forget);
    far.on('close', forget);
    if (this.#isHeld) this.hold();
  }

  #carry(from: Socket, to: Socket): void {
    const later = (act: () => void): void => {
      if (this.#delayMs === 0) act();
      else setTimeout(act, this.#delayMs).unref();
    };
    from.on('data', (chunk) => {
      later(() => to.write(chunk));
    });
    from.on('end', () => {
      later(() => to.end());
    });
    // The other end learns of it by the close that follows.
    from.on('error', () => undefined);
  }

  #breakLinks(): void {
    for (const { near, far } of this.#links) {
      near.destroy();
      far.destroy();
    }
    this.#links.clear();
  }
}
