import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { LoopHealth } from '../../../src/daemon/health/vital.ts';
import { healthPages, type HealthSource } from '../../../src/daemon/report/health-pages.ts';
import { metricsPage } from '../../../src/daemon/report/metrics-page.ts';
import { Metrics } from '../../../src/daemon/report/metrics.ts';
import { servePages } from '../../../src/daemon/report/page-server.ts';
import { judgeReadiness } from '../../../src/daemon/report/readiness.ts';
import type { PartSight } from '../../../src/daemon/network/part-keeper.ts';

type Facts = Parameters<typeof judgeReadiness>[0];

const partNames = ['device', 'peers'];
const beginning: Facts = {
  headline: 'leasing',
  isDegraded: false,
  network: undefined,
  partNames,
  storeTrouble: undefined,
};

function sight(part: string, changes: Partial<PartSight> = {}): PartSight {
  const well = { settings: '', because: undefined, failures: 0, retryInMs: undefined };
  return { part, state: 'whole', ...well, ...changes };
}

function running(parts: readonly PartSight[], changes: Partial<Facts> = {}): Facts {
  const network = { isReady: true, leaseTrouble: undefined, parts };
  return { ...beginning, headline: 'running', network, ...changes };
}

/** Serves the pages, and returns how to ask for them. */
async function serve(
  t: TestContext,
  source: Partial<HealthSource>,
): Promise<(path: string) => Promise<readonly [number, string]>> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  const whole = { examine: () => Promise.resolve([]), readiness: () => [], ...source };
  const pages = [...healthPages(whole), metricsPage(new Metrics(() => undefined))];
  const purpose = { noun: 'probes', option: '--healthz-port' };
  const server = await servePages(pages, { host: '127.0.0.1', port }, purpose);
  t.after(() => server.close());
  return async (path) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return [answer.status, await answer.text()];
  };
}

async function readyz(t: TestContext, facts: Facts, path = '/readyz'): Promise<readonly [number, string]> {
  return (await serve(t, { readiness: () => judgeReadiness(facts) }))(path);
}

test('a daemon whose loops go on is live, and a hung loop fails the check by its name', async (t) => {
  let loop: LoopHealth = { name: 'peer-loop', hang: undefined };
  const ask = await serve(t, {
    examine: () => Promise.resolve([{ name: 'timer', hang: undefined }, loop]),
  });
  assert.deepEqual(await ask('/healthz'), [200, 'heddle is running\n']);
  assert.deepEqual(await ask('/healthz?verbose'), [
    200,
    '[+]timer ok\n[+]peer-loop ok\nhealthz check passed\n',
  ]);
  loop = { ...loop, hang: 'it waits\nfor nothing' };
  const failed = '[+]timer ok\n[-]peer-loop failed: it waits for nothing\nhealthz check failed\n';
  assert.deepEqual(await ask('/healthz'), [503, failed]);
});

test('a node that starts is not ready, and says what it waits for', async (t) => {
  const text = [
    ...['[-]start failed: leasing', '[-]lease failed: not taken yet', '[-]device failed: not up yet'],
    ...['[-]peers failed: not up yet', '[+]store ok', '[+]state ok', 'readyz check failed', ''],
  ].join('\n');
  assert.deepEqual(await readyz(t, beginning), [503, text]);
});

test('a node with every part up is ready', async (t) => {
  const facts = running([sight('device'), sight('peers', { state: 'repaired' })]);
  assert.deepEqual(await readyz(t, facts), [200, 'heddle is ready\n']);
  const text = ['start', 'lease', 'device', 'peers', 'store', 'state']
    .map((name) => `[+]${name} ok\n`)
    .join('');
  assert.deepEqual(await readyz(t, facts, '/readyz?verbose=1'), [200, `${text}readyz check passed\n`]);
});

test('a broken part and an expired lease make the node unready; peers that fail and a store that is away do not', async (t) => {
  const broken = sight('device', { state: 'broken', because: 'it is gone', failures: 1, retryInMs: 500 });
  const [status, text] = await readyz(t, running([broken, sight('peers')]));
  assert.equal(status, 503);
  assert.match(text, /^\[-\]device failed: it is gone$/m);
  const expired = { isReady: true, leaseTrouble: 'the lease has expired', parts: [sight('device')] };
  assert.equal((await readyz(t, { ...running([]), network: expired }))[0], 503);
  const failing = sight('peers', { state: 'broken', because: '1 peer failing' });
  const degraded = { isDegraded: true, headline: 'degraded: 1 peer failing', storeTrouble: 'away' };
  const facts = running([sight('device'), failing], degraded);
  assert.deepEqual(await readyz(t, facts), [200, 'heddle is ready\n']);
  const [, verbose] = await readyz(t, facts, '/readyz?verbose');
  const excluded = [
    'peers excluded: 1 peer failing',
    'store excluded: away',
    'state excluded: degraded: 1 peer failing',
  ];
  for (const line of excluded) assert.ok(verbose.includes(`[+]${line}\n`), verbose);
});

test('metrics can have the same port, and nothing else is there', async (t) => {
  const ask = await serve(t, {});
  assert.equal((await ask('/metrics'))[0], 200);
  assert.deepEqual(await ask('/'), [404, 'Only /healthz, /readyz, /metrics are available.\n']);
});
