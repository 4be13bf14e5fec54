import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { lastLines, marker, readConsole } from '../../../scripts/matrix/console.js';
import { composeInit, jobScript, modprobeScript } from '../../../scripts/matrix/guest-init.js';
import { orderModules } from '../../../scripts/matrix/module-order.js';

const encode = (text: string): string => Buffer.from(text).toString('base64');

describe('the console of a guest', () => {
  test('has the outcome in one marked line, whatever else is printed', () => {
    const line = `${marker}{"exitCode":13,"stdout":"${encode('{"passed":false}\n')}"}`;
    const text = `verify: switched IPv4: starting\r\n[    7.07] reboot: later\r\n${line}\r\n[    8.1] reboot: Power down\r\n`;
    assert.deepEqual(readConsole(text), { exitCode: 13, stdout: '{"passed":false}\n' });
  });

  test('has no outcome if the guest ended too early, or if the line is cut off', () => {
    assert.equal(readConsole(''), undefined);
    assert.equal(readConsole('Kernel panic - not syncing: VFS\r\n'), undefined);
    assert.equal(readConsole(`${marker}{"exitCode":0,"stdout":"eyJw`), undefined);
    assert.equal(readConsole(`${marker}{"exitCode":"0","stdout":""}`), undefined);
    assert.equal(readConsole(`say ${marker}{"exitCode":0,"stdout":""}`), undefined);
  });

  test('explains itself by its last lines, without what a terminal interprets', () => {
    const text = `one\r\n\x1b[31mtwo\x1b[0m\r\n\r\n${marker}{}\r\nthree\r\n`;
    assert.equal(lastLines(text, 2), 'two\nthree');
  });
});

test('modules are loaded after what they need, each once', () => {
  const modulesDep = [
    'kernel/fs/9p/9p.ko: kernel/fs/netfs/netfs.ko kernel/net/9p/9pnet.ko',
    'kernel/fs/netfs/netfs.ko:',
    'kernel/net/9p/9pnet.ko:',
    'kernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio-ring.ko',
    'kernel/drivers/virtio/virtio-ring.ko:',
    'kernel/net/other.ko: kernel/net/9p/9pnet.ko',
    '',
  ].join('\n');
  assert.deepEqual(
    orderModules(modulesDep, ['virtio_ring', '9pnet_virtio', '9p', 'built_in']).map((file) =>
      file.split('/').at(-1),
    ),
    ['virtio-ring.ko', '9pnet.ko', '9pnet_virtio.ko', 'netfs.ko', '9p.ko'],
  );
});

test('the scripts of the guest can be read by sh, with any directory', () => {
  const init = composeInit({ modules: ['a.ko', 'b.ko'], moduleDirectory: "/home/o'neill/my cache/modules" });
  assert.match(init, /for module in a\.ko b\.ko;/);
  for (const script of [init, jobScript, modprobeScript]) {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
});

test('the job of a guest reaches it by the command line of the kernel, and its output comes back', () => {
  // Everything but what needs a guest: the kernel's command line is a variable here, and the power stays on.
  const script = jobScript
    .replace(/\/proc\/cmdline/, '-')
    .replaceAll('/run/heddle-guest/stdout', '"$OUTPUT"')
    .replace(/^exec .*poweroff.*$/m, 'rm "$OUTPUT"');
  const input = `console=ttyS0 quiet heddle.job=${encode("echo 'two words'; exit 13")} panic=-1\n`;
  const { stdout } = spawnSync('sh', ['-c', `OUTPUT=$(mktemp); ${script}`], { input, encoding: 'utf8' });
  assert.deepEqual(readConsole(stdout), { exitCode: 13, stdout: 'two words\n' });
});
