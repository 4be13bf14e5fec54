import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { DriftWatch } from '../../../src/daemon/network/drift-watch.ts';
import type { CommandRunner } from '../../../src/daemon/commands/command-runner.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import type { MonitorListeners } from '../../../src/shell/monitor.ts';
import { until } from '../../support/until.ts';
import { Bench } from '../bench.ts';
import { fileCheck, fileOverlay } from '../file-overlay.ts';
import { own } from './network-bench.ts';

const intervalMs = 60_000;

/** A watch in a time that the test owns, with a monitor that the test speaks for. */
class Scene {
  readonly watch: DriftWatch;
  readonly events: HeddleEvent[] = [];
  looks = 0;
  /** What the next look returns. */
  next: Promise<number | undefined> = Promise.resolve(undefined);
  signal: AbortSignal | undefined;
  /** The monitors that were started; one that was stopped has no listeners any more. */
  readonly monitors: { listeners: MonitorListeners; isStopped: boolean }[] = [];
  /** The commands that the watch sees; a test says whether one of them runs. */
  readonly commands: { runsOwn: boolean };
  readonly #t: TestContext;

  constructor(t: TestContext, { hasCheck = true, hasMonitor = true } = {}) {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const commands = {
      has: () => hasCheck,
      runsOwn: false,
      startMonitor: (_own: unknown, listeners: MonitorListeners) => {
        if (!hasMonitor) return undefined;
        const monitor = { listeners, isStopped: false };
        this.monitors.push(monitor);
        return {
          stop: () => {
            monitor.isStopped = true;
            return Promise.resolve();
          },
        };
      },
    };
    this.commands = commands;
    this.watch = new DriftWatch({
      commands: commands as unknown as CommandRunner,
      own,
      intervalMs,
      emit: (event) => this.events.push(event),
      look: (signal) => {
        this.looks += 1;
        this.signal = signal;
        return this.next;
      },
    });
  }

  /** Lets time pass, and what it set going come to its end. */
  async pass(ms: number): Promise<void> {
    this.#t.mock.timers.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a network is looked at on its interval, again and again', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(undefined);
  await scene.pass(intervalMs - 1);
  assert.equal(scene.looks, 0);
  await scene.pass(1);
  assert.equal(scene.looks, 1);
  await scene.pass(intervalMs);
  assert.equal(scene.looks, 2);
});

test('a broken part is looked at sooner than the interval, never later', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(1000);
  scene.next = Promise.resolve(10 * intervalMs);
  await scene.pass(1000);
  assert.equal(scene.looks, 1);
  scene.next = Promise.resolve(500);
  await scene.pass(intervalMs);
  assert.equal(scene.looks, 2);
  await scene.pass(500);
  assert.equal(scene.looks, 3);
});

test('lines of the monitor ask for one look, once they have come to rest', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(undefined);
  const [monitor] = scene.monitors;
  for (let line = 0; line < 5; line += 1) {
    monitor?.listeners.onLines();
    await scene.pass(100);
  }
  assert.equal(scene.looks, 0);
  await scene.pass(150);
  assert.equal(scene.looks, 1);
  await scene.pass(1000);
  assert.equal(scene.looks, 1);
});

test('lines that never cease ask for a look less often, the longer a look takes', async (t) => {
  const scene = new Scene(t);
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  /** Lets a line come every tenth of a second until another look begins. Returns the milliseconds. */
  const untilLook = async (): Promise<number> => {
    const [before, beganAt] = [scene.looks, nowMs];
    while (scene.looks === before && nowMs - beganAt < intervalMs) {
      scene.monitors[0]?.listeners.onLines();
      nowMs += 100;
      await scene.pass(100);
    }
    return nowMs - beganAt;
  };
  scene.watch.start(undefined);
  for (const [tookMs, pauseMs] of [
    [50, 2000],
    [60, 5000],
    [700, 6000],
    [1, 10_000],
  ] as const) {
    let end = (): void => undefined;
    scene.next = new Promise((resolve) => (end = () => resolve(undefined)));
    assert.equal(await untilLook(), pauseMs);
    nowMs += tookMs;
    end();
    await scene.pass(0);
  }
  assert.equal(await untilLook(), 2000);
});

test('the interval begins again after a look that the monitor asked for', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(undefined);
  await scene.pass(intervalMs - 1000);
  scene.monitors[0]?.listeners.onLines();
  await scene.pass(250);
  assert.equal(scene.looks, 1);
  await scene.pass(intervalMs - 1);
  assert.equal(scene.looks, 1);
  await scene.pass(1);
  assert.equal(scene.looks, 2);
});

test('a line during a look is looked into once more', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(0);
  let end = (): void => undefined;
  scene.next = new Promise((resolve) => (end = () => resolve(undefined)));
  await scene.pass(0);
  scene.monitors[0]?.listeners.onLines();
  await scene.pass(250);
  assert.equal(scene.looks, 1, 'never two at once');
  scene.next = Promise.resolve(undefined);
  end();
  await scene.pass(0);
  assert.equal(scene.looks, 2);
});

test('a monitor that ends is told and started again, later each time, and what it missed is looked at', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(undefined);
  const delays: number[] = [];
  for (let end = 1; end <= 3; end += 1) {
    scene.monitors.at(-1)?.listeners.onEnd('ended with status 1', 'no such group');
    const told = scene.events.at(-1);
    assert.ok(told?.event === 'monitor-ended');
    assert.equal(told.stderr, 'no such group');
    delays.push(told.retryInMs);
    await scene.pass(told.retryInMs - 1);
    assert.equal(scene.monitors.length, end);
    await scene.pass(1);
    assert.equal(scene.monitors.length, end + 1);
    await scene.pass(250);
    assert.equal(scene.looks, end);
  }
  const bounds = [1000, 2000, 4000];
  for (const [index, delay] of delays.entries()) {
    const most = bounds[index] ?? 0;
    assert.ok(delay >= most / 2 && delay <= most, `${delay} of at most ${most}`);
  }
});

test('a monitor that printed something begins its count again when it ends', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(undefined);
  for (let end = 0; end < 4; end += 1) {
    scene.monitors.at(-1)?.listeners.onLines();
    scene.monitors.at(-1)?.listeners.onEnd('ended with status 0', '');
    const told = scene.events.at(-1);
    assert.ok(told?.event === 'monitor-ended' && told.retryInMs <= 1000);
    await scene.pass(told.retryInMs);
  }
});

test('a recipe without CheckCommand starts no monitor, as nothing could be looked up', (t) => {
  const scene = new Scene(t, { hasCheck: false });
  scene.watch.start(undefined);
  assert.deepEqual(scene.monitors, []);
});

test('a recipe without MonitorCommand is looked at on its interval', async (t) => {
  const scene = new Scene(t, { hasMonitor: false });
  scene.watch.start(undefined);
  await scene.pass(intervalMs);
  assert.equal(scene.looks, 1);
  await scene.watch.stop();
});

test('a stop ends the monitor and the waiting, and waits for the look that runs', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(0);
  let end = (): void => undefined;
  scene.next = new Promise((resolve) => (end = () => resolve(undefined)));
  await scene.pass(0);
  let isStopped = false;
  const stopped = scene.watch.stop().then(() => (isStopped = true));
  await scene.pass(0);
  assert.equal(scene.signal?.aborted, true);
  assert.equal(isStopped, false);
  end();
  await stopped;
  assert.equal(scene.monitors[0]?.isStopped, true);
  scene.monitors[0].listeners.onLines();
  await scene.pass(10 * intervalMs);
  assert.equal(scene.looks, 1);
});

test('a stop while the monitor waits starts none any more', async (t) => {
  const scene = new Scene(t);
  scene.watch.start(undefined);
  scene.monitors[0]?.listeners.onEnd('ended with status 1', '');
  await scene.watch.stop();
  await scene.pass(10 * intervalMs);
  assert.equal(scene.monitors.length, 1);
  assert.equal(scene.looks, 0);
});

test('a real monitor asks for a look with each line, and is gone after a stop', async (t) => {
  const bench = new Bench(t);
  bench.recipe({
    ...fileOverlay,
    CheckCommand: fileCheck,
    MonitorCommand:
      'echo $$ > monitor-pid; while true; do if rm tell 2>/dev/null; then echo line; fi; sleep 0.02; done',
  });
  const preparation = await bench.prepare();
  let looks = 0;
  const watch = new DriftWatch({
    commands: bench.runner(preparation),
    own,
    intervalMs: 3_600_000,
    emit: bench.emit,
    look: () => {
      looks += 1;
      return Promise.resolve(undefined);
    },
  });
  t.after(() => watch.stop());
  watch.start(undefined);
  const [pid] = await until(
    'the monitor',
    () => bench.lines('monitor-pid').length > 0 && bench.lines('monitor-pid'),
  );
  bench.put('tell');
  await until('a look', () => looks === 1);
  await watch.stop();
  assert.throws(() => process.kill(Number(pid), 0), /ESRCH/);
});

test('a watch stalls when its look is late or takes minutes, but not while a command runs', async (t) => {
  const scene = new Scene(t);
  const { watch } = scene;
  let ahead = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + ahead);
  ahead = 86_400_000;
  assert.equal(watch.stall(), undefined);
  watch.start(undefined);
  assert.equal(watch.stall(), undefined);
  ahead += intervalMs + 70_000;
  assert.match(watch.stall() ?? '', /^the next look at the network is 7\d s late$/);
  let goOn = (): void => undefined;
  scene.next = new Promise((resolve) => (goOn = () => resolve(undefined)));
  await scene.pass(intervalMs);
  assert.equal(scene.looks, 1);
  assert.equal(watch.stall(), undefined);
  ahead += 119_000;
  assert.equal(watch.stall(), undefined);
  ahead += 31_000;
  assert.match(watch.stall() ?? '', /^heddle has looked at the network for 15\d s$/);
  scene.commands.runsOwn = true;
  assert.equal(watch.stall(), undefined);
  scene.commands.runsOwn = false;
  goOn();
  await scene.pass(0);
  assert.equal(watch.stall(), undefined);
  await watch.stop();
  ahead += 86_400_000;
  assert.equal(watch.stall(), undefined);
});
