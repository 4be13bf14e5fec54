import { join } from 'node:path';

import { Etcd3 } from 'etcd3';

import { hasErrorCode } from '../../../src/host/system-error.ts';
import { endProgram, type Host } from '../harness/host.ts';
import { EtcdKeys } from './etcd-keys.ts';
import { TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** etcd 3.4 and 3.5 say it differently. */
const ready = /serving client traffic (?:in)?securely/;

/** Far longer than any test; etcd ends with its host. */
const longestLifeSeconds = 300;

/** A real etcd on a host of the harness, at port 2379 of an address. It is gone when the test is over. */
export async function startEtcd(
  t: { after(release: () => Promise<void>): void },
  host: Host,
  address = '127.0.0.1',
): Promise<EtcdKeys> {
  const directory = new TemporaryDirectory();
  const socketName = 'etcd:1';
  const url = `http://${address}:2379`;
  const command = [
    ...['etcd', '--data-dir', 'data', '--logger', 'zap'],
    ...['--heartbeat-interval', '10', '--election-timeout', '100'],
    ...['--listen-client-urls', `${url},unix://${socketName}`, '--advertise-client-urls', url],
  ];
  const child = host.start(['env', `--chdir=${directory.path}`, ...command], { seconds: longestLifeSeconds });
  // No namespace is in the way of a socket's path.
  const client = new Etcd3({ hosts: `unix:${join(directory.path, socketName)}` });
  t.after(async () => {
    client.close();
    endUnlessEnded(child);
    await child;
    directory.remove();
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await until(
    'etcd to serve',
    () => {
      if (ready.test(log)) return true;
      if (child.exitCode === null) return false;
      throw new Error(`etcd ended before it was ready:\n${log}`);
    },
    () => log,
  );
  return new EtcdKeys(client);
}

/** Its host may have been closed before it, and has taken it along. */
function endUnlessEnded(child: Parameters<typeof endProgram>[0]): void {
  try {
    endProgram(child);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT', 'ESRCH')) throw error;
  }
}
