import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileOverlay } from '../daemon/file-overlay.ts';
import { realInterface, withoutInterface } from '../daemon/interface.ts';
import { readVersion } from '../../src/host/version.ts';
import { heddle } from '../kernel/lab-harness.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

interface LoggingDaemon {
  readonly store: string;
  /** The lines of its log so far. */
  readonly lines: () => readonly string[];
  /** Stops it, and returns all lines. */
  readonly stop: () => Promise<readonly string[]>;
}

/** A real daemon that logs text. `prepare` gets the directory of the leases before it starts. */
async function startDaemon(
  t: TestContext,
  backend: Readonly<Record<string, unknown>>,
  prepare: (leases: string) => void = () => undefined,
): Promise<LoggingDaemon> {
  const directory = temporaryDirectory(t);
  const store = join(directory, 'store', 'subnets');
  mkdirSync(store, { recursive: true, mode: 0o700 });
  mkdirSync(join(directory, 'state'), { mode: 0o700 });
  prepare(store);
  const recipe = join(directory, 'overlay.json');
  writeFileSync(recipe, JSON.stringify({ Network: '10.50.0.0/16', Backend: { ...fileOverlay, ...backend } }));
  const child = spawn(
    process.execPath,
    [
      ...[heddle, 'up', '--recipe', recipe, '--store-dir', join(directory, 'store')],
      ...['--state-dir', join(directory, 'state'), '--subnet-file', join(directory, 'subnet.env')],
      ...['--iface', realInterface ?? '', '--iptables-forward-rules=false'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = (): readonly string[] => output.split('\n');
  await until(
    'ready',
    () => output.includes('ready: subnet'),
    () => output,
  );
  const stop = async (): Promise<readonly string[]> => {
    child.kill('SIGTERM');
    await ended;
    return lines();
  };
  return { store, lines, stop };
}

test('3,000 files that are not leases are one line and one count', { skip: withoutInterface }, async (t) => {
  const daemon = await startDaemon(t, {}, (leases) => {
    for (let n = 0; n < 3000; n += 1) writeFileSync(join(leases, `junk-${n}`), 'x');
  });
  const about = (await daemon.stop()).filter((line) => line.includes('junk-'));
  assert.equal(about.length, 2, about.join('\n'));
  assert.match(about[1] ?? '', /repeated 2999 times .* and 2994 more; the last: /);
});

test('2,000 bad states of one lease are a line now and then', { skip: withoutInterface }, async (t) => {
  const daemon = await startDaemon(t, {});
  for (let n = 0; n < 2000; n += 1) {
    const value = { PublicIP: `224.0.${n % 200}.1`, BackendType: 'extension', BackendData: 'x'.repeat(n) };
    writeFileSync(join(daemon.store, '10.50.77.0-24'), JSON.stringify(value));
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until('the lease to be rejected', () =>
    daemon.lines().some((line) => line.includes('10.50.77.0-24 rejected')),
  );
  const about = (await daemon.stop()).filter((line) => line.includes('10.50.77.0-24'));
  assert.ok(about.length <= 10, about.join('\n'));
});

test(
  'a command that prints 30 KB is shown with 4 KB of it, and the rest is counted',
  { skip: withoutInterface },
  async (t) => {
    const command =
      'echo first >&2; head -c 30000 /dev/zero | tr "\\0" x >&2; echo; echo last >&2; echo up >device';
    const daemon = await startDaemon(t, { PostStartupCommand: command });
    const log = (await daemon.stop()).join('\n');
    assert.match(
      log,
      /PostStartupCommand done in .*\n {4}first\n {4}x+\n {4}\[… 25915 bytes omitted …\]\n {4}x+last\n/,
    );
    assert.ok(log.length < 10_000, String(log.length));
  },
);

test(
  'the first line has the version, the process and the options in force',
  { skip: withoutInterface },
  async (t) => {
    const daemon = await startDaemon(t, {});
    const [first = ''] = daemon.lines();
    assert.match(first, new RegExp(`info {2}heddle ${readVersion()}, process \\d+: --store=files `));
    for (const option of [
      '--recipe=',
      '--state-dir=',
      '--lease-ttl=86400',
      '--on-exit=shutdown',
      '--log-level=info',
    ])
      assert.ok(first.includes(` ${option}`), `${option} in ${first}`);
    assert.doesNotMatch(first, /--etcd/);
    await daemon.stop();
  },
);
