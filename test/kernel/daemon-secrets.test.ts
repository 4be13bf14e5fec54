import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOn, startDaemon, upCommand } from './harness/daemon.ts';
import { dump, givenTo } from './harness/given.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { heddle } from './lab-harness.ts';

const options = { skip: reasonToSkip() };

test(
  'secrets: the daemon’s own reach no command, a parameter’s nobody but commands, by their environment',
  options,
  async (t) => {
    const { host, store } = await oneHost(t);
    const path = store.recipe('secretive', {
      Network: '10.50.0.0/16',
      Backend: {
        Type: 'extension',
        Parameters: { PSK: { Type: 'string', Secret: true }, Plain: { Type: 'string' } },
        PreStartupCommand: [dump('PreStartup'), 'echo "the key is $PSK" >&2', 'printf %s "$PSK" >psk'],
        // Runs for as long as the test looks at it.
        MonitorCommand: 'exec sleep 86395',
        CheckCommand: 'true',
      },
    });
    const secrets = ['swordfish', 'hunter2', 'open sesame', 'xyzzy'];
    const daemon = await startDaemon(
      host,
      ['--recipe', path, '--store-dir', store.path, '--param', 'PSK=swordfish', '--param', 'Plain=tweed'],
      {
        environment: {
          PATH: process.env['PATH'] ?? '',
          HEDDLE_STORE: 'files',
          FLANNELD_ETCD_PASSWORD: 'hunter2',
          HEDDLE_ETCD_PASSWORD_FILE: '/run/xyzzy',
          VAULT_TOKEN: 'open sesame',
        },
      },
    );
    const given = await givenTo(host, 'PreStartup');
    const { PSK: key, ...others } = given;
    assert.equal(key, 'swordfish');
    const holds = (text: string): readonly string[] => secrets.filter((secret) => text.includes(secret));
    assert.deepEqual(holds(JSON.stringify(others)), []);

    // Less those by which this test starts the daemon.
    const processes = (
      await host.lines('for file in /proc/[0-9]*/cmdline; do tr "\\0" " " <$file || true; echo; done')
    )
      .filter((words) => !/^(nsenter|timeout) /.test(words))
      .join('\n');
    assert.match(processes, /--param Plain=tweed/);
    assert.deepEqual(holds(processes), [], 'in no process list');
    const explained = await host.run([
      ...[
        process.execPath,
        heddle,
        'recipe',
        'explain',
        path,
        '--param',
        'PSK=swordfish',
        '--param',
        'Plain=tweed',
      ],
    ]);
    assert.match(explained.stdout, /tweed/, explained.stderr);
    const status = await runOn(host, 'status', '--json');
    const { stdout, stderr } = await daemon.stop();
    assert.match(stdout, /the key is \S*secret/);
    assert.deepEqual(holds(explained.stdout + status.stdout + stdout + stderr), []);
  },
);

test('the state directory and all that is in it are private, whatever the umask', options, async (t) => {
  const { host, store } = await oneHost(t);
  const path = store.recipe('keeper', {
    Network: '10.50.0.0/16',
    Backend: {
      Type: 'extension',
      PreStartupCommand: 'echo secret >key; mkdir -p keys; echo more >keys/one',
      SubnetAddCommand: 'true',
    },
  });
  store.put('10.50.99.0/24', '172.30.1.99');
  const words = upCommand(['--recipe', path, '--store-dir', store.path, '--log-format', 'json']);
  const daemon = host.start(['/bin/sh', '-c', 'umask 0; exec "$@"', 'sh', ...words]);
  await host.until('grep -qs 10.50.99.0 /run/state/journal && [ -e /run/subnet.env ]');
  const open = await host.lines('find /run/state -perm /077');
  const found = await host.lines('ls /run/state');
  await runOn(host, 'down');
  await daemon;
  assert.deepEqual(open, []);
  assert.deepEqual(found, ['deployment.json', 'heddle.sock', 'journal', 'key', 'keys']);
});
