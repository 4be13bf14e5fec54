import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServiceManager } from '../../src/host/service-manager.ts';
import { listenForNotices } from '../support/notify-socket.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const lacks = ['perl', 'systemd-notify'].filter((program) => spawnSync(program, ['--version']).error);
const skip = lacks.length > 0 ? `needs ${lacks.join(' and ')}` : false;

/** A service manager that must be there. */
function managerOf(environment: NodeJS.ProcessEnv): ServiceManager {
  const manager = ServiceManager.of(environment);
  assert.ok(manager !== undefined);
  return manager;
}

for (const kind of ['a path', 'an abstract name']) {
  test(`systemd gets the notices at ${kind}`, { skip }, async (t) => {
    const path = join(temporaryDirectory(t), 'notify');
    const address = kind === 'a path' ? path : `@${path}`;
    const socket = await listenForNotices(t, address);
    const manager = managerOf({ NOTIFY_SOCKET: address });
    assert.equal(await manager.send({ state: 'ready', status: 'running\nREADY=0, 3 peers' }), undefined);
    await socket.until(/^READY=1 \| STATUS=running READY=0, 3 peers/);
    await manager.send({ status: 'degraded: \u0007 bell' });
    await socket.until(/^STATUS=degraded: bell/);
    await manager.send({ isAlive: true });
    await socket.until(/^WATCHDOG=1/);
    await manager.send({ status: 'x'.repeat(5000) });
    await socket.until(/^STATUS=x{499}…/);
    await manager.send({ state: 'stopping' });
    await socket.until(/^STOPPING=1/);
    assert.equal(socket.notices.length, 5);
  });
}

test('systemd-notify is run only when there is a socket and something to say', async (t) => {
  const directory = temporaryDirectory(t);
  const record = join(directory, 'record');
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = directory;
  // It notes its arguments, and fails, as systemd-notify does when nobody listens.
  await writeFile(
    join(directory, 'systemd-notify'),
    `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>${record}\nexit 1\n`,
    { mode: 0o755 },
  );
  assert.equal(ServiceManager.of({}), undefined);
  assert.equal(ServiceManager.of({ NOTIFY_SOCKET: '' }), undefined);
  const manager = managerOf({ NOTIFY_SOCKET: '/no/such/socket' });
  assert.equal(await manager.send({}), undefined);
  await assert.rejects(readFile(record), { code: 'ENOENT' });
  assert.match((await manager.send({ state: 'stopping' })) ?? '', /^systemd-notify exited with status 1/);
  assert.equal(await readFile(record, 'utf8'), '/no/such/socket STOPPING=1\n');
});

test('a machine without systemd-notify is told, and is not an error', async (t) => {
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = '/no/such';
  const manager = managerOf({ NOTIFY_SOCKET: '/no/such/socket' });
  assert.match((await manager.send({ state: 'ready' })) ?? '', /^the program systemd-notify is not on PATH/);
});

test('a supervisor that never confirms a notice does not hold up the daemon', async (t) => {
  const directory = temporaryDirectory(t);
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = `${directory}:${path ?? ''}`;
  await writeFile(join(directory, 'systemd-notify'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  const manager = managerOf({ NOTIFY_SOCKET: '/no/such/socket' });
  assert.equal(await manager.send({ state: 'stopping' }), undefined);
});

test('the watchdog counts only for the process that systemd names', () => {
  const watchdog = (variables: NodeJS.ProcessEnv): number | undefined =>
    managerOf({ NOTIFY_SOCKET: '/x', ...variables }).watchdogMs(7);
  assert.equal(watchdog({}), undefined);
  assert.equal(watchdog({ WATCHDOG_USEC: '30000000' }), 30_000);
  assert.equal(watchdog({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }), 30_000);
  assert.equal(watchdog({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }), undefined);
  for (const odd of ['', '0', '-5', '1e6', ' 5', '5s']) {
    assert.equal(watchdog({ WATCHDOG_USEC: odd }), undefined, odd);
  }
});
