import type { TestContext } from 'node:test';
import { Metrics } from '../../../src/daemon/report/metrics.ts';
import { describeStatus, type NodeStatus } from '../../../src/daemon/report/status.ts';
import { Bench } from '../bench.ts';

/** The status of a node that knows nothing yet, changed as a test wants it. */
export function sampleStatus(t: TestContext, changes: Partial<NodeStatus> = {}): NodeStatus {
  const none = { because: undefined, waitingFor: undefined, startOutage: undefined };
  const options = new Bench(t).options();
  const facets = { ...none, state: 'running', startedAt: new Date(0), options } as const;
  return { ...describeStatus({ ...facets, preparation: undefined, running: undefined }), ...changes };
}

/** Metrics with every value that there can be. */
export function fullMetrics(t: TestContext): Metrics {
  const failing = {
    subnet: '10.50.9.0/24',
    publicIp: '172.30.0.9',
    state: 'failing',
  } as unknown as NodeStatus['peers'][number];
  const status = sampleStatus(t, {
    mtu: 1450,
    lease: {
      subnet: '10.50.1.0/24',
      publicIp: '172.30.0.1',
      publicIpv6: null,
      expiresAt: '2026-01-01T00:00:00.000Z',
    },
    rejections: [{ key: '10.50.4.0-24', because: 'a "quote"' }],
    peers: [failing],
    probe: {
      at: '2026-01-01T00:00:00.000Z',
      counts: { answers: 1, silent: 0, unknown: 0 },
    } as unknown as NodeStatus['probe'],
  });
  return new Metrics(() => status, {
    loops: () => [{ name: 'timer', hang: undefined }],
    readiness: () => [{ name: 'device', trouble: undefined, isRequired: true }],
  });
}
