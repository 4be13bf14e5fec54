import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LastingMonitor } from '../../../src/daemon/commands/lasting-monitor.ts';
import type { MonitorListeners } from '../../../src/shell/monitor.ts';

/** A program that the test speaks for, in a time that the test owns. */
class Scene {
  /** One for each start of the program. */
  readonly programs: { readonly listeners: MonitorListeners; isStopped: boolean }[] = [];
  /** What the monitor reported. */
  readonly reports: string[] = [];
  /** The delays before the next starts, in milliseconds. */
  readonly delays: number[] = [];
  readonly monitor: LastingMonitor;
  readonly #t: TestContext;

  constructor(t: TestContext, { hasProgram = true } = {}) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    this.#t = t;
    const launch = (listeners: MonitorListeners): { stop: () => Promise<void> } | undefined => {
      if (!hasProgram) return undefined;
      const program = { listeners, isStopped: false };
      this.programs.push(program);
      return {
        stop: () => {
          program.isStopped = true;
          return Promise.resolve();
        },
      };
    };
    this.monitor = new LastingMonitor(launch, {
      linesCame: () => void this.reports.push('lines'),
      monitorEnded: (how, stderr, retryInMs) => {
        this.reports.push(`${how}: ${stderr}`);
        this.delays.push(retryInMs);
      },
      monitorBack: () => void this.reports.push('back'),
    });
  }

  end(): void {
    this.programs.at(-1)?.listeners.onEnd('ended with status 1', 'no such group');
  }

  pass(ms: number): void {
    this.#t.mock.timers.tick(ms);
  }
}

test('a program that ends is reported, and starts again after its delay', (t) => {
  const scene = new Scene(t);
  scene.monitor.start();
  scene.end();
  assert.deepEqual(scene.reports, ['ended with status 1: no such group']);
  const [delayMs = 0] = scene.delays;
  scene.pass(delayMs - 1);
  assert.equal(scene.programs.length, 1);
  scene.pass(1);
  assert.equal(scene.programs.length, 2);
  assert.equal(scene.reports.at(-1), 'back');
});

test('the delays grow up to a minute while the program ends without a line', (t) => {
  const scene = new Scene(t);
  scene.monitor.start();
  for (let ends = 0; ends < 9; ends += 1) {
    scene.end();
    scene.pass(60_000);
  }
  const bounds = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000];
  for (const [index, most] of bounds.entries()) {
    const delayMs = scene.delays[index] ?? 0;
    assert.ok(delayMs >= most / 2 && delayMs <= most, `${delayMs} of at most ${most}`);
  }
});

test('a line begins the count of failures again', (t) => {
  const scene = new Scene(t);
  scene.monitor.start();
  for (let ends = 0; ends < 4; ends += 1) {
    scene.programs.at(-1)?.listeners.onLines();
    scene.end();
    scene.pass(1000);
  }
  assert.ok(
    scene.delays.every((delayMs) => delayMs <= 1000),
    scene.delays.join(),
  );
});

test('a second start does not start a second program', (t) => {
  const scene = new Scene(t);
  scene.monitor.start();
  scene.monitor.start();
  assert.equal(scene.programs.length, 1);
});

test('a stop ends the program, and no other one starts', async (t) => {
  const scene = new Scene(t);
  scene.monitor.start();
  await scene.monitor.stop();
  assert.equal(scene.programs[0]?.isStopped, true);
  scene.end();
  scene.pass(600_000);
  assert.equal(scene.programs.length, 1);
  assert.deepEqual(scene.reports, []);
});

test('a stop during the delay ends the delay', async (t) => {
  const scene = new Scene(t);
  scene.monitor.start();
  scene.end();
  await scene.monitor.stop();
  scene.pass(600_000);
  assert.equal(scene.programs.length, 1);
});

test('without a program, nothing happens', async (t) => {
  const scene = new Scene(t, { hasProgram: false });
  scene.monitor.start();
  scene.pass(600_000);
  await scene.monitor.stop();
  assert.deepEqual(scene.reports, []);
});
