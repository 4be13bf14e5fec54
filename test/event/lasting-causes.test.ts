import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeddleEvent } from '../../src/event/event.ts';
import { LastingCauses } from '../../src/event/lasting-causes.ts';

/** Lasting causes, and the events that they showed. */
function lasting() {
  const shown: HeddleEvent[] = [];
  const causes = new LastingCauses((event) => shown.push(event));
  /** The number of events, of these, that are counted instead of shown. */
  const countedOf = (now: number, ...events: readonly HeddleEvent[]): number =>
    events.filter((event) => causes.take(event, now)).length;
  return { causes, shown, countedOf };
}

const finished = (command: 'PreStartupCommand' | 'ShutdownCommand'): HeddleEvent => ({
  event: 'command-finished',
  command,
  durationMs: 1,
  stderr: '',
});

const partFailed = (part: string): HeddleEvent => ({
  event: 'part-failed',
  part,
  because: 'the device is gone',
  detail: '',
  retryInMs: 1000,
});

const restored = (part: string): HeddleEvent => ({ event: 'part-restored', part, failures: 1 });

const peer = { key: '10.50.1.0-24', subnet: '10.50.1.0/24', publicIp: '172.30.0.1' };

const peerFailed: HeddleEvent = {
  event: 'peer-failed',
  operation: 'add',
  peer,
  reason: 'new',
  trouble: {
    command: 'SubnetAddCommand',
    how: 'exited with status 2',
    where: undefined,
    text: undefined,
    stderr: '',
  },
  attempt: 1,
  retryInMs: 500,
};

test('commands are counted while a part is broken, and never before', () => {
  const { shown, countedOf } = lasting();
  const rebuild = [finished('ShutdownCommand'), finished('PreStartupCommand')];
  assert.equal(countedOf(0, ...rebuild, ...rebuild, partFailed('device')), 0);
  assert.equal(countedOf(1, ...rebuild), 0);
  assert.equal(countedOf(2, ...rebuild), 2);
  assert.equal(shown.length, 0);
});

test('commands are counted until the last broken part is whole', () => {
  const { shown, countedOf } = lasting();
  const prepared = finished('PreStartupCommand');
  countedOf(0, partFailed('device'), partFailed('traffic-rules'), prepared, prepared);
  assert.equal(countedOf(1, restored('device'), prepared), 1);
  assert.equal(shown.length, 0);
  assert.equal(countedOf(2, restored('traffic-rules'), prepared, prepared), 0);
  assert.deepEqual(
    shown.map((event) => event.event === 'repeated' && [event.of, event.count]),
    [['command-finished', 2]],
  );
});

const ends: readonly (readonly [string, HeddleEvent])[] = [
  [
    'its successor is ready',
    {
      event: 'ready',
      subnet: peer.subnet,
      publicIp: peer.publicIp,
      mtu: 1450,
      peers: 0,
      subnetFile: '/run/flannel/subnet.env',
    },
  ],
  ['it is taken down', { event: 'shutdown-finished', removed: 0, failed: 0, remains: null }],
  ['another network begins', { event: 'state', from: 'degraded', to: 'pre-startup' }],
  ['the node stops', { event: 'state', from: 'degraded', to: 'stopping' }],
];
for (const [when, end] of ends) {
  test(`a part that a network leaves broken does not swallow commands once ${when}`, () => {
    const { causes, shown, countedOf } = lasting();
    const stopped = finished('ShutdownCommand');
    countedOf(0, partFailed('device'), stopped, stopped);
    assert.equal(countedOf(1, end), 0);
    assert.equal(shown.length, 1);
    assert.equal(countedOf(2, stopped, stopped), 0);
    assert.equal(causes.endsAt, undefined);
  });
}

test('another state of the node does not end the repairs', () => {
  const { countedOf } = lasting();
  const prepared = finished('PreStartupCommand');
  countedOf(0, partFailed('device'), prepared);
  assert.equal(countedOf(1, { event: 'state', from: 'running', to: 'degraded', because: 'x' }, prepared), 1);
});

test('peers that fail are not repairs: they are counted on when the parts are whole', () => {
  const { causes, shown, countedOf } = lasting();
  const prepared = finished('PreStartupCommand');
  countedOf(0, peerFailed, partFailed('device'), prepared);
  assert.equal(countedOf(1, prepared, peerFailed, restored('device'), peerFailed), 3);
  assert.equal(shown.length, 1);
  causes.endAt(Infinity);
  assert.deepEqual(
    shown.map((event) => event.event === 'repeated' && [event.of, event.count]),
    [
      ['command-finished', 1],
      ['peer-failed', 2],
    ],
  );
});
