import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ServiceReporter } from '../../../src/daemon/health/service-reporter.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { ServiceManager } from '../../../src/host/service-manager.ts';
import { listenForNotices, type NotifySocket } from '../../support/notify-socket.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const lacks = ['perl', 'systemd-notify'].filter((program) => spawnSync(program, ['--version']).error);
const skip = lacks.length > 0 ? `needs ${lacks.join(' and ')}` : false;

/** A daemon whose state the test sets, and its reporter. */
class Scene {
  headline = 'starting';
  isWell = true;
  readonly events: HeddleEvent[] = [];
  readonly reporter: ServiceReporter;

  constructor(t: TestContext, environment: NodeJS.ProcessEnv) {
    const manager = ServiceManager.of(environment);
    assert.ok(manager !== undefined);
    this.reporter = new ServiceReporter(manager, this, (event) => this.events.push(event));
    t.after(() => this.reporter.close());
  }
}

async function begin(t: TestContext, variables = {}): Promise<{ scene: Scene; socket: NotifySocket }> {
  const path = join(temporaryDirectory(t), 'notify');
  const socket = await listenForNotices(t, path);
  return { scene: new Scene(t, { NOTIFY_SOCKET: path, ...variables }), socket };
}

const ready: HeddleEvent = {
  event: 'ready',
  subnet: '10.50.1.0/24',
  publicIp: '172.30.0.1',
  mtu: 1450,
  peers: 0,
  subnetFile: '',
};

test(
  'the service is ready once, with the state as its status, and says that it stops',
  { skip },
  async (t) => {
    const { scene, socket } = await begin(t);
    scene.reporter.beat();
    await socket.until(/^STATUS=starting/);
    scene.reporter.note(ready);
    // The state changes right after the event.
    scene.headline = 'degraded: 1 peer failing';
    await socket.until(/^READY=1 \| STATUS=degraded: 1 peer failing/);
    scene.reporter.note(ready);
    scene.reporter.note({ event: 'state', from: 'running', to: 'stopping' });
    scene.headline = 'stopping';
    await socket.until(/^STOPPING=1 \| STATUS=stopping/);
    await scene.reporter.close();
    assert.equal(socket.notices.filter((notice) => notice.startsWith('READY')).length, 1);
  },
);

test('a status that changes all the time is sent only now and then', { skip }, async (t) => {
  const { scene, socket } = await begin(t);
  let ahead = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + ahead);
  for (let n = 0; n < 20; n += 1) {
    scene.headline = `degraded: ${n} peers failing`;
    scene.reporter.beat();
    await scene.reporter.idle();
  }
  await socket.until(/STATUS=degraded: 0 peers failing/);
  assert.equal(socket.notices.length, 1);
  ahead = 5000;
  scene.reporter.beat();
  await socket.until(/STATUS=degraded: 19 peers failing/);
});

test('the watchdog gets signs of life until a loop hangs', { skip }, async (t) => {
  const { scene, socket } = await begin(t, { WATCHDOG_USEC: '300000' });
  scene.reporter.start();
  const signs = (): number => socket.notices.filter((notice) => notice.startsWith('WATCHDOG=1')).length;
  await until('three signs of life', () => signs() >= 3);
  scene.isWell = false;
  await scene.reporter.idle();
  const before = signs();
  scene.isWell = true;
  await until('another sign of life', () => signs() > before);
});

test('a notice that cannot be sent is logged once', async (t) => {
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = '/no/such';
  const scene = new Scene(t, { NOTIFY_SOCKET: '/no/such/socket' });
  scene.reporter.beat();
  await scene.reporter.idle();
  scene.reporter.note(ready);
  await until('the second notice', async () => {
    await scene.reporter.idle();
    return scene.events.length > 0;
  });
  const [warning] = scene.events;
  assert.match(
    warning?.event === 'warning' ? warning.message : '',
    /^cannot notify the service manager at NOTIFY_SOCKET: the program systemd-notify is not on PATH; /,
  );
  assert.equal(scene.events.length, 1);
});

test('notices are sent one at a time, in their order, and a failure after a success is logged', async (t) => {
  const sent: string[] = [];
  const answers: ((trouble: string | undefined) => void)[] = [];
  const manager = ServiceManager.of({ NOTIFY_SOCKET: '/no/such/socket' });
  assert.ok(manager !== undefined);
  t.mock.method(manager, 'send', ({ status }: { readonly status?: string }) => {
    sent.push(status ?? '');
    return new Promise<string | undefined>((resolve) => answers.push(resolve));
  });
  const events: HeddleEvent[] = [];
  const daemon = { headline: 'starting', isWell: true };
  const reporter = new ServiceReporter(manager, daemon, (event) => events.push(event));
  reporter.beat();
  await until('the first notice', () => answers.length === 1);
  daemon.headline = 'running';
  reporter.beat();
  reporter.note(ready);
  await new Promise(setImmediate);
  assert.deepEqual(sent, ['starting'], 'the second notice waits');
  answers[0]?.(undefined);
  await until('the second notice', () => answers.length === 2);
  assert.deepEqual(sent, ['starting', 'running']);
  answers[1]?.('refused');
  await reporter.idle();
  assert.equal(events.length, 1);
});
