import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { downCommand } from '../../../src/host/state/down-command.ts';

test('the command of a hint names the state directory, and a shell reads it as it is meant', () => {
  assert.equal(downCommand('/var/lib/heddle/state'), 'heddle down --state-dir /var/lib/heddle/state');
  assert.equal(downCommand('/run/x', '--forget'), 'heddle down --forget --state-dir /run/x');
  for (const directory of ['/my state', "/it's", '/a$HOME', '/a;b&c', '/"x"', '/ü=*?~', '/a\\b'] as const) {
    const command = downCommand(directory, '--release-lease');
    const words = execFileSync('sh', ['-c', `heddle() { printf '%s\\n' "$@"; }\n${command}`], {
      encoding: 'utf8',
    });
    assert.deepEqual(words.split('\n'), ['down', '--release-lease', '--state-dir', directory, '']);
  }
});
