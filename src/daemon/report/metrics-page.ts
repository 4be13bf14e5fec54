import { isLoopback } from '../../network/address-scope.ts';
import { parseAddress } from '../../network/cidr.ts';
import type { ListenAddress } from '../setup/options.ts';
import type { Metrics } from './metrics.ts';
import type { Page } from './page-server.ts';

/** The page for Prometheus. */
export function metricsPage(metrics: Metrics): Page {
  return {
    path: '/metrics',
    answer: async () => ({ status: 200, type: metrics.contentType, body: await metrics.render() }),
  };
}

/** A warning for an address that other machines may reach, because metrics have no password; undefined for loopback. */
export function warnOfMetricsAddress({ host, port }: ListenAddress): string | undefined {
  const address = host === undefined ? undefined : parseAddress(host);
  if (address !== undefined && isLoopback(address)) return undefined;
  const where = host === undefined ? `every address of this machine, port ${port},` : `${host} port ${port}`;
  return (
    `metrics are served at ${where} without a password: whoever reaches that port can read them; ` +
    'use a loopback address, or let a firewall admit only the monitoring'
  );
}
