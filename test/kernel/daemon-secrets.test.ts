import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { Daemon, runOn, startDaemon, upCommand } from './harness/daemon.ts';
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
    assert.match(processes, /--param PSK=\*\*\* --param Plain=\*\*\*/);
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

test('a secret on the command line is hidden before anything is waited for', options, async (t) => {
  const { host } = await oneHost(t);
  // The store names the recipe, and is away.
  const args = ['--etcd-endpoints', 'http://127.0.0.1:9', '--param', 'PSK=swordfish'];
  const daemon = new Daemon(host, args);
  await daemon.until('store-outage');
  const lines = await host.lines(
    'for file in /proc/[0-9]*/cmdline; do tr "\\0" " " <$file || true; echo; done',
  );
  const shown = lines.filter((words) => !/^(nsenter|timeout) /.test(words)).join('\n');
  assert.match(shown, /--param PSK=\*\*\*/);
  assert.doesNotMatch(shown, /swordfish/);
  await daemon.stop();
});

test(
  'a secret comes from a file, a variable or a credential, and from one of them only',
  options,
  async (t) => {
    const { host, store } = await oneHost(t);
    const path = store.recipe('secretive', {
      Network: '10.50.0.0/16',
      Backend: {
        Type: 'extension',
        Parameters: { PSK: { Type: 'string', Secret: true, Pattern: '[a-z]+' } },
        PostStartupCommand: 'printf %s "$PSK" >psk',
      },
    });
    await host.sh(`
    mkdir -p /run/credentials; cd /run/credentials; umask 077
    echo swordfish >heddle.param.PSK; echo swordfish >psk; cp psk stranger; chown 12345 stranger; mkfifo fifo`);
    const PATH = process.env['PATH'] ?? '';
    const base = ['--recipe', path, '--store-dir', store.path];
    const sources = [
      { args: ['--param', 'PSK=@/run/credentials/psk'], environment: {} },
      { args: [], environment: { HEDDLE_PARAM_PSK: 'swordfish' } },
      { args: [], environment: { CREDENTIALS_DIRECTORY: '/run/credentials' } },
    ];
    for (const { args, environment } of sources) {
      const daemon = await startDaemon(host, [...base, ...args], { environment: { PATH, ...environment } });
      assert.equal(await host.sh('cat /run/state/psk; rm /run/state/psk'), 'swordfish');
      const { exitCode, stdout } = await daemon.stop();
      assert.equal(exitCode, 0);
      assert.doesNotMatch(stdout, /swordfish/);
    }
    const refused = [
      [['--param', 'PSK=@/run/credentials/stranger'], {}, /stranger` belongs to user 12345$/m],
      [['--param', 'PSK=@/run/credentials/fifo'], {}, /fifo` is not a regular file$/m],
      [
        ['--param', 'PSK=x'],
        { HEDDLE_PARAM_PSK: 'y' },
        /given twice: from --param and from the variable HEDDLE_PARAM_PSK$/m,
      ],
    ] as const;
    for (const [args, environment, message] of refused) {
      const words = upCommand([...base, ...args]);
      const { exitCode, stderr } = await host.run(words, { environment: { PATH, ...environment } });
      assert.equal(exitCode, exitCodes.usage);
      assert.match(stderr, message);
    }
    const typo = await host.run(upCommand(base), {
      environment: { PATH, HEDDLE_PARAM_PKS: 'x', HEDDLE_PARAM_PSK: 'x' },
    });
    assert.equal(typo.exitCode, exitCodes.recipe);
    assert.match(
      typo.stderr,
      /does not have the parameter `PKS`, which is set from the variable HEDDLE_PARAM_PKS/,
    );
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
  assert.deepEqual(found, [
    'deployment.json',
    'heddle.pid',
    'heddle.sock',
    'journal',
    'key',
    'keys',
    'lease.json',
  ]);
});
