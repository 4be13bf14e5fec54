import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { quote } from 'shell-quote';
import { fit } from '../../../src/cli/status/watch-status.ts';
import { createControlServer } from '../../../src/daemon/report/control.ts';
import type { NodeStatus } from '../../../src/daemon/report/status.ts';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { controlSocketPath } from '../../../src/host/state/instance.ts';
import { assertOutput } from '../../support/output-schema.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { exampleStatus } from './example-status.ts';

const heddle = fileURLToPath(new URL('../../../bin/heddle.js', import.meta.url));

/** A control socket of a state directory, whose answer the test changes. */
class FakeDaemon {
  readonly stateDirectory: string;
  readonly #server;
  status: NodeStatus = exampleStatus;

  constructor(t: TestContext) {
    this.stateDirectory = temporaryDirectory(t);
    this.#server = createControlServer({
      status: () => this.status,
      stop: () => Promise.reject(new Error('nobody asks')),
    });
    t.after(() => this.end());
  }

  async start(): Promise<void> {
    this.#server.listen(controlSocketPath(this.stateDirectory));
    await once(this.#server, 'listening');
  }

  end(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function start(t: TestContext, program: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env['PATH'], TERM: 'xterm' };
  const child = spawn(program, args, { env, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('status --watch --json prints an object for each change, until a signal ends it', async (t) => {
  const daemon = new FakeDaemon(t);
  const args = [heddle, 'status', '--watch', '--json', '--state-dir', daemon.stateDirectory];
  const child = start(t, process.execPath, args);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<NodeStatus> => {
    const line: unknown = (await lines.next()).value;
    return assertOutput('status --watch', String(line)) as NodeStatus;
  };
  assert.equal((await next()).state, 'not-running');
  await daemon.start();
  assert.equal((await next()).state, 'running');
  daemon.status = { ...exampleStatus, state: 'degraded', because: '1 peer failing' };
  assert.equal((await next()).because, '1 peer failing');
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [exitCodes.degraded, null]);
});

describe('status --watch', () => {
  test('shows the status on a terminal again and again, and leaves the screen as it was on Ctrl-C', async (t) => {
    const daemon = new FakeDaemon(t);
    await daemon.start();
    const command = [process.execPath, heddle, 'status', '--watch', '--state-dir', daemon.stateDirectory];
    const child = start(t, 'script', ['-qec', `exec ${quote(command)}`, '/dev/null']);
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
    await until('the first status', () => screen.includes('2 of 2 in place'));
    daemon.status = { ...exampleStatus, counts: { ...exampleStatus.counts, inPlace: 1, pending: 1 } };
    await until('the second status', () => screen.includes('1 of 2 in place, 1 pending'));
    const ended = once(child, 'close');
    child.stdin.write('\u0003');
    assert.deepEqual(await ended, [0, null]);
    assert.ok(screen.startsWith('\u001b[?1049h'));
    assert.ok(screen.trimEnd().endsWith('\u001b[?1049l'));
  });

  test('is refused where the output is not a terminal', async (t) => {
    const child = start(t, process.execPath, [heddle, 'status', '--watch']);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    assert.deepEqual(await once(child, 'close'), [exitCodes.usage, null]);
    assert.match(stderr, /--watch needs a terminal.*\n.*with --json/);
  });
});

describe('a text on a screen', () => {
  const end = '\u001b[K\n';

  test('that is smaller is shown whole', () => {
    assert.equal(fit('one\ntwo\n', 20, 5), `one${end}two${end}`);
  });

  test('that is wider goes on in the next lines, from the next word if there is one', () => {
    assert.equal(fit('123456789\n', 5, 5), `12345${end}6789${end}`);
    assert.equal(
      fit('state  degraded: one two\nx\n', 16, 9),
      `state  degraded:${end}    one two${end}x${end}`,
    );
    assert.equal(fit('  to see\n', 6, 9), `  to${end}see${end}`);
    const [first = '', second = '', ...more] = fit(`${'a'.repeat(30)}\n`, 20, 9).split(end);
    assert.deepEqual([first, second, more], ['a'.repeat(20), `    ${'a'.repeat(10)}`, ['']]);
  });

  test('of 80 columns shows why a daemon is not shown, and what to do', () => {
    const why =
      'process 4711, the heddle daemon with the state directory /var/lib/heddle/state, did not answer within 4 s: it is stopped, as by SIGSTOP';
    const shown = fit(`${why}\n  continue it with kill -CONT 4711\n`, 80, 24).split(end);
    assert.ok(shown.every((line) => line.length <= 80));
    const text = shown.join(' ').replaceAll(/ +/g, ' ');
    assert.equal(text, `${why} continue it with kill -CONT 4711 `);
  });

  test('that is higher says how many lines are left out', () => {
    const text = 'a\nb\nc\nd\ne\nf\n';
    assert.equal(fit(text, 80, 5), `a${end}b${end}c${end}… 3 more lines, without --watch${end}`);
    assert.equal(fit(text, 80, 1), `… 6 more lines, without --watch${end}`);
  });
});
