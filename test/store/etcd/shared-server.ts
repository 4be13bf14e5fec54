import { after, before, test } from 'node:test';

import { EtcdBed } from './bed.ts';
import { EtcdServer } from './server.ts';

/** Starts one server for all tests of a file, and stops it after them. Call it at the file's top level. */
export function shareServer(): () => EtcdServer {
  let server: EtcdServer | undefined;
  before(
    async () => {
      server = await EtcdServer.start();
    },
    { timeout: 30_000 },
  );
  after(() => server?.destroy());
  return () => {
    if (server === undefined) throw new Error('the server runs only while tests run');
    return server;
  };
}

/** A test with keys of its own in the shared server. */
export function testWithBed(
  sharedServer: () => EtcdServer,
  title: string,
  body: (bed: EtcdBed) => Promise<void>,
): void {
  test(title, { timeout: 60_000 }, async () => {
    const bed = await EtcdBed.make(sharedServer());
    try {
      await body(bed);
    } finally {
      await bed.destroy();
    }
  });
}
