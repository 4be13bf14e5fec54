import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../scripts/matrix.js', import.meta.url));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', timeout: 60_000 });
}

test('the matrix explains its options', () => {
  const { status, stdout } = run('--help');
  assert.equal(status, 0);
  for (const option of ['--only', '--reduced', '--here', '--minutes', '--json'])
    assert.ok(stdout.includes(option));
});

test('the matrix refuses what it does not know before it runs anything', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--only', 'gre/socat'], /--only gre\/socat is not in the matrix; it has .*wireguard\/wireguard-go/],
    [['--only', 'wireguard', '--only', 'kernel'], /--only kernel is not in the matrix/],
    [['--minutes', 'soon'], /--minutes is not a number of minutes: soon/],
    [['--minutes', '-1'], /--minutes/],
    [['--fast'], /Unknown option '--fast'/],
    [['vxlan'], /Unexpected argument 'vxlan'/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = run(...args);
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.match(stderr, /npm run test:matrix -- --help shows the options/);
  }
});
