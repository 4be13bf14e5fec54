import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cell } from '../../../scripts/matrix/cells.js';
import { matrixOutcome } from '../../../scripts/matrix/outcome.js';

function cell(changes: Partial<Cell>): Cell {
  return {
    recipe: 'udp',
    dataPlane: 'fou',
    underlay: 'routed',
    families: 'IPv4',
    place: 'guest',
    outcome: 'passed',
    rows: ['connects'],
    complete: false,
    note: '',
    ...changes,
  };
}

test('the report of all tests has the times of the matrix, and names what failed and what cannot be tried', () => {
  const cells = [
    cell({}),
    cell({ outcome: 'expected', note: 'it needs one segment' }),
    cell({ outcome: 'failed', note: 'mtu: 1451 bytes pass' }),
    cell({ dataPlane: 'socat', outcome: 'impossible', note: 'needs socat on PATH' }),
  ];
  assert.deepEqual(matrixOutcome({ passed: false, cells, times: [{ title: 'udp, fou', ms: 1234 }] }), {
    ok: false,
    details: [{ title: 'udp, fou', ms: 1234, depth: 1 }],
    skips: [{ what: 'matrix, udp, socat, routed IPv4', reason: 'needs socat on PATH' }],
    notes: ['udp, fou, routed IPv4: mtu: 1451 bytes pass'],
  });
});
