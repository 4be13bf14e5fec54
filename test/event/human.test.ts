import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderEvent } from '../../src/event/human.ts';
import { formatDuration } from '../../src/diagnostic/words.ts';

test('text of other machines does not move the cursor, and does not begin a line of the log', () => {
  const { text, detail } = renderEvent({
    event: 'peer-failed',
    operation: 'add',
    peer: { key: '10.50.9.0-24', subnet: '10.50.9.0/24', publicIp: '172.30.0.9' },
    reason: 'new',
    trouble: {
      command: 'SubnetAddCommand',
      how: 'exited with status 2',
      where: { file: 'loom\n.json', line: 3 },
      text: 'printf "a\tb"',
      stderr: '\u001b[2Jno way\u009b31m\r\nnor\tthere\u202e',
    },
    attempt: 2,
    retryInMs: 1200,
  });
  assert.equal(
    text,
    'peer 10.50.9.0/24 at 172.30.0.9 could not be added (new, attempt 2): ' +
      'SubnetAddCommand (loom␊.json:3) exited with status 2; next try in 1.2 s',
  );
  assert.equal(detail, '    $ printf "a\tb"\n    ␛[2Jno way�31m␍\n    nor\tthere�');
  const fault = renderEvent({
    event: 'store-fault',
    where: '/store/subnets/\u001b]0;x\u0007',
    because: 'is\nempty',
  });
  assert.equal(fault.text, '/store/subnets/␛]0;x␇ skipped: it is␊empty');
});

test('a finding is shown with its place, and with its hint on the next line', () => {
  const finding = {
    event: 'finding' as const,
    where: { file: 'loom.json', line: 3, column: 18 },
    code: 'unused-key',
    message: 'it has no effect',
  };
  assert.equal(renderEvent(finding).text, 'loom.json:3:18 unused-key: it has no effect');
  assert.equal(renderEvent(finding).detail, '');
  assert.equal(renderEvent({ ...finding, hint: 'remove it' }).detail, '    remove it');
});

test('durations are told in the unit that people would take', () => {
  const told = [0, 12.4, 999, 1000, 3449, 119_999, 120_000, 7_199_999, 7_200_000, 86_400_000].map(
    formatDuration,
  );
  assert.deepEqual(told, [
    '0 ms',
    '12 ms',
    '999 ms',
    '1.0 s',
    '3.4 s',
    '120.0 s',
    '2 min',
    '120 min',
    '2 h',
    '24 h',
  ]);
});

test('a request to stop is logged with its effect', () => {
  const said = (['stop', 'none', 'hurry'] as const).map(
    (effect) => renderEvent({ event: 'stop-asked', by: 'SIGTERM', effect }).text,
  );
  assert.deepEqual(said, [
    'stopping, asked by SIGTERM',
    'asked by SIGTERM as well, and already stopping',
    'asked by SIGTERM again: ending the commands that still run',
  ]);
});
