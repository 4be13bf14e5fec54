import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DriftReport, type DriftRepair } from '../../../src/daemon/peers/drift-report.ts';
import type { Drift } from '../../../src/engine/check.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { makeNumberedPeer } from '../network/network-bench.ts';

const none: Drift = { missing: [], displaced: [], extra: [] };

function start(): { report: DriftReport; events: HeddleEvent[] } {
  const events: HeddleEvent[] = [];
  return { report: new DriftReport((event) => events.push(event), Date.now), events };
}

test('a check that finds no difference is not reported', () => {
  const { report, events } = start();
  report.judged(none);
  assert.deepEqual(events, []);
  assert.equal(report.last, undefined);
});

test('drift is told by subnet, and remembered by numbers', () => {
  const { report, events } = start();
  report.judged({ ...none, missing: [4, 5].map(makeNumberedPeer), extra: ['10.50.9.0/24'] });
  const missing = ['10.50.4.0/24', '10.50.5.0/24'];
  assert.deepEqual(events, [{ event: 'drift', missing, extra: ['10.50.9.0/24'] }]);
  assert.deepEqual({ ...report.last, at: '' }, { at: '', missing: 2, extra: 1, rebuilt: false });
});

test('the drift that was there last stays known while all is well', () => {
  const { report } = start();
  report.judged({ ...none, extra: ['10.50.9.0/24'] });
  const { last } = report;
  report.judged(none);
  assert.equal(report.last, last);
});

test('a device that was built again counts with the next check, and only with that', () => {
  const { report, events } = start();
  const last = (): DriftRepair | undefined => report.last;
  report.rebuilt();
  assert.equal(last(), undefined);
  report.judged(none);
  assert.deepEqual({ ...last(), at: '' }, { at: '', missing: 0, extra: 0, rebuilt: true });
  assert.deepEqual(events, [], 'that it was is told by its part');
  report.judged({ ...none, missing: [makeNumberedPeer(4)] });
  assert.equal(last()?.rebuilt, false);
});

test('a peer that another displaces is told once, for as long as that lasts', () => {
  const { report, events } = start();
  const shared = ['02:00:00:00:00:07'];
  const displaced = [{ peer: makeNumberedPeer(4), by: makeNumberedPeer(5), shared }];
  report.judged({ ...none, displaced });
  report.judged({ ...none, displaced });
  assert.equal(events.length, 1);
  const [told] = events;
  assert.ok(told?.event === 'peer-displaced');
  assert.deepEqual([told.peer.key, told.by.key, told.shared], ['10.50.4.0-24', '10.50.5.0-24', shared]);
  report.judged({
    ...none,
    displaced: [...displaced, { peer: makeNumberedPeer(6), by: makeNumberedPeer(5), shared }],
  });
  assert.equal(events.length, 2);
  report.judged(none);
  report.judged({ ...none, displaced });
  assert.equal(events.length, 3, 'it was over');
});
