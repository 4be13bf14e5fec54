import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ping } from '../../src/lab/inside/probe/ping.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

const patienceMs = 30_000;

const packets = {
  'packets before the count are not lost': { before: [4, 5], after: [6, 7], lost: 0 },
  'packets after the count began are lost': { before: [1, 2], after: [5, 6, 8, 9], lost: 3 },
  'packets between two answers before the count are not lost': { before: [3, 9], after: [11, 12], lost: 1 },
  'a packet whose answer overtook another is not lost': { before: [1, 2], after: [4, 3, 5], lost: 0 },
};

for (const [name, { before, after, lost }] of Object.entries(packets)) {
  test(name, async (t) => {
    const directory = temporaryDirectory(t);
    const answer = (sequence: number): string => `echo 64 bytes: icmp_seq=${sequence} ttl=62 time=0.1 ms`;
    // Speaks as ping does in a pod, and goes on when the count began.
    const lines = [
      '#!/bin/sh',
      ...before.map(answer),
      `until [ -e ${directory}/go ]; do sleep 0.01; done`,
      ...after.map(answer),
      'exec sleep 60',
    ];
    writeFileSync(join(directory, 'ip'), `${lines.join('\n')}\n`, { mode: 0o755 });
    const path = process.env['PATH'] ?? '';
    t.after(() => (process.env['PATH'] = path));
    process.env['PATH'] = `${directory}:${path}`;

    const ping = new Ping('pod', '10.50.2.2');
    t.after(() => ping.stop());
    assert.equal(await ping.isAnswered(patienceMs), true);
    ping.beginCount();
    assert.equal(ping.lost, 0);
    writeFileSync(join(directory, 'go'), '');
    await until('the last answer', () => ping.sent === after.at(-1));
    assert.equal(ping.lost, lost);
  });
}
