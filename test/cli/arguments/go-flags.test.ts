import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptGoFlags } from '../../../src/cli/arguments/go-flags.ts';

test("flanneld's single dash becomes two, for up alone", () => {
  const argv = ['node', 'heddle', 'up', '-iface', 'eth0', '--public-ip', '1.2.3.4', '-etcd-prefix=/x', '-h'];
  assert.deepEqual(acceptGoFlags(argv).slice(3), [
    '--iface',
    'eth0',
    '--public-ip',
    '1.2.3.4',
    '--etcd-prefix=/x',
    '-h',
  ]);
  const other = ['node', 'heddle', 'lab', 'exec', 'node1', 'ls', '-lah'];
  assert.deepEqual(acceptGoFlags(other), other);
});

test('what follows -- and what only looks like an option is left alone', () => {
  const argv = ['node', 'heddle', 'up', '--param', '-x', '--', '-iface'];
  assert.deepEqual(acceptGoFlags(argv), argv);
});
