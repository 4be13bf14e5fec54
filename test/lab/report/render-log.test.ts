import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderLog } from '../../../src/lab/report/render-log.ts';

const line = (event: object): string =>
  JSON.stringify({ level: 'info', time: '2026-11-20T14:13:06.765Z', ...event });

test('each event of a JSON log is a line for people, and what it printed stands below', () => {
  const log = [
    line({ event: 'lease-released', subnet: '10.50.1.0/24', msg: 'x' }),
    line({ event: 'command-finished', command: 'PostStartupCommand', durationMs: 12.3, stderr: 'a\nb' }),
  ];
  assert.equal(
    renderLog(`${log.join('\n')}\n`),
    '2026-11-20T14:13:06.765Z info  lease 10.50.1.0/24 released\n' +
      '2026-11-20T14:13:06.765Z info  PostStartupCommand done in 12 ms\n    a\n    b\n',
  );
});

test('a line that is not an event of heddle stays, without characters that move the cursor', () => {
  for (const other of ['{"level":"warn","msg":"etcd"}', '{"event":"unknown"}', '{', 'plain'])
    assert.equal(renderLog(`${other}\n`), `${other}\n`);
  assert.equal(renderLog('a\u001b[2Jb'), 'a\u241b[2Jb\n');
  assert.equal(renderLog(''), '');
});
