import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Waits } from '../../../src/daemon/commands/waits.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { renderEvent } from '../../../src/event/human.ts';

/** Waits under a clock of the test's own. */
class Scene {
  readonly told: string[] = [];
  readonly takingDown = new AbortController();
  readonly waits: Waits;
  readonly #t: TestContext;
  #now = 0;

  constructor(t: TestContext) {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.mock.method(performance, 'now', () => this.#now);
    const emit = (event: HeddleEvent): void => void this.told.push(renderEvent(event).text);
    this.waits = new Waits(emit, this.takingDown.signal);
  }

  begin(what: string, limitMs = 30_000): () => void {
    return this.waits.begin(() => what, limitMs);
  }

  /** Lets so many seconds pass, second by second. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.#now += 1000;
      this.#t.mock.timers.tick(1000);
    }
  }
}

/** Whether the status names a wait. */
function isNamed({ waits }: Scene): boolean {
  return waits.longest !== undefined;
}

test('a wait is named once, when it has lasted for five seconds', (t) => {
  const scene = new Scene(t);
  scene.begin('SubnetAddCommand for 10.50.4.0/24');
  scene.pass(4);
  assert.deepEqual(scene.told, []);
  assert.ok(!isNamed(scene));
  scene.pass(20);
  assert.deepEqual(scene.told, [
    'waiting for SubnetAddCommand for 10.50.4.0/24 (5.0 s so far, 30.0 s at most)',
  ]);
  assert.ok(isNamed(scene));
});

test('a request gets every wait, the oldest first, however short it is', (t) => {
  const scene = new Scene(t);
  assert.deepEqual(scene.waits.all, []);
  scene.begin('PreStartupCommand', 60_000);
  scene.pass(2);
  const end = scene.begin('SubnetAddCommand for 10.50.4.0/24');
  assert.deepEqual(scene.waits.all, [
    { what: 'PreStartupCommand', forMs: 2000, limitMs: 60_000 },
    { what: 'SubnetAddCommand for 10.50.4.0/24', forMs: 0, limitMs: 30_000 },
  ]);
  end();
  assert.deepEqual(
    scene.waits.all.map(({ what }) => what),
    ['PreStartupCommand'],
  );
  assert.deepEqual(scene.told, []);
});

test('short waits are not named, however many there are', (t) => {
  const scene = new Scene(t);
  for (let i = 0; i < 20; i += 1) {
    const end = scene.begin('SubnetAddCommand');
    scene.pass(1);
    end();
  }
  assert.deepEqual(scene.told, []);
});

test('a wait after shorter ones is named at its own time', (t) => {
  const scene = new Scene(t);
  const end = scene.begin('PreStartupCommand');
  scene.pass(3);
  end();
  scene.begin('PostStartupCommand');
  scene.pass(4);
  assert.deepEqual(scene.told, []);
  scene.pass(1);
  assert.match(scene.told.join(), /^waiting for PostStartupCommand \(5\.0 s so far/);
});

test('waits that began together are named together, five of them by name', (t) => {
  const scene = new Scene(t);
  for (let i = 0; i < 8; i += 1) scene.begin(`a${i}`, 60_000);
  scene.pass(60);
  assert.equal(scene.told.length, 1);
  assert.match(scene.told[0] ?? '', /waiting for a0 .*, a4 \([^)]*\) and 3 more$/);
});

test('while the network is taken down, every wait is named every five seconds', (t) => {
  const scene = new Scene(t);
  scene.begin('SubnetAddCommand for 10.50.4.0/24');
  scene.pass(3);
  scene.takingDown.abort();
  const end = scene.begin('SubnetRemoveCommand for 10.50.5.0/24');
  scene.pass(5);
  assert.deepEqual(scene.told, [
    'waiting for SubnetAddCommand for 10.50.4.0/24 (8.0 s so far, 30.0 s at most), SubnetRemoveCommand for 10.50.5.0/24 (5.0 s so far, 30.0 s at most)',
  ]);
  end();
  scene.pass(10);
  assert.equal(scene.told.length, 3);
  assert.match(scene.told[2] ?? '', /^waiting for SubnetAddCommand for 10\.50\.4\.0\/24 \(18\.0 s so far/);
});

test('a wait that begins after the take-down began is named as well', (t) => {
  const scene = new Scene(t);
  scene.takingDown.abort();
  scene.pass(7);
  scene.begin('ShutdownCommand', 5000);
  scene.pass(5);
  assert.deepEqual(scene.told, ['waiting for ShutdownCommand (5.0 s so far, 5.0 s at most)']);
});

test('nothing is named when nothing is waited for any more', (t) => {
  const scene = new Scene(t);
  const end = scene.begin('ShutdownCommand');
  scene.takingDown.abort();
  end();
  scene.pass(30);
  assert.deepEqual(scene.told, []);
});
