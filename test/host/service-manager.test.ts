import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { notifyServiceManager } from '../../src/host/service-manager.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

// Node has no unix datagrams to listen with; perl-base is part of every Debian.
const listener = `
  use IO::Socket::UNIX; use Socket;
  my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Type => SOCK_DGRAM) or die;
  $| = 1; print "listening\\n";
  while (1) { $s->recv(my $m, 4096); $m =~ s/\\n/ | /g; print "$m\\n"; }`;
const lacks = ['perl', 'systemd-notify'].filter((program) => spawnSync(program, ['--version']).error);

test(
  'systemd hears what the daemon says',
  { skip: lacks.length > 0 ? `needs ${lacks.join(' and ')}` : false },
  async (t) => {
    const socket = join(temporaryDirectory(t), 'notify');
    const perl = spawn('perl', ['-e', listener, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(perl, 'exit');
    t.after(async () => {
      perl.kill();
      await ended;
    });
    const lines = createInterface({ input: perl.stdout })[Symbol.asyncIterator]();
    const heard = async () => String((await lines.next()).value);
    assert.equal(await heard(), 'listening');
    const environment = { NOTIFY_SOCKET: socket };
    await notifyServiceManager({ state: 'ready', status: 'running\nREADY=0, 3 peers' }, environment);
    assert.match(await heard(), /^READY=1 \| STATUS=running READY=0, 3 peers/);
    await notifyServiceManager({ status: 'degraded' }, environment);
    let line = await heard();
    // systemd-notify follows each notice with a barrier of its own.
    while (line.startsWith('BARRIER')) line = await heard();
    assert.match(line, /^STATUS=degraded/);
  },
);

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
  const environment = { NOTIFY_SOCKET: '/no/such/socket' };
  await notifyServiceManager({ state: 'ready' }, {});
  await notifyServiceManager({ state: 'ready' }, { NOTIFY_SOCKET: '' });
  await notifyServiceManager({}, environment);
  await assert.rejects(readFile(record), { code: 'ENOENT' });
  await notifyServiceManager({ state: 'stopping' }, environment);
  assert.equal(await readFile(record, 'utf8'), '/no/such/socket STOPPING=1\n');
});

test('a machine without systemd-notify is not an error', async (t) => {
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = '/no/such';
  await assert.doesNotReject(
    notifyServiceManager({ state: 'stopping' }, { NOTIFY_SOCKET: '/no/such/socket' }),
  );
});
