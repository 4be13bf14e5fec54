import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sendPing } from '../../src/host/ping.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const path = process.env['PATH'];

/** Sends a ping by a program that says this and ends with status 2; without a text, by none. */
function pingBy(t: TestContext, said?: string): Promise<boolean> {
  const directory = temporaryDirectory(t);
  if (said !== undefined)
    writeFileSync(join(directory, 'ping'), `#!/bin/sh\necho "${said}" >&2; exit 2\n`, { mode: 0o755 });
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = directory;
  return sendPing('127.0.0.1');
}

test('a ping that may not be sent is a lack of rights, and one that is not answered is not', async (t) => {
  await assert.rejects(pingBy(t), { kind: 'prerequisite', hint: /install it/ });
  for (const said of ['ping: socket: Operation not permitted', 'ping: permission denied (are you root?)'])
    await assert.rejects(pingBy(t, said), { kind: 'privilege', hint: /CAP_NET_RAW/ });
  for (const said of ['ping: connect: No route to host', 'ping: sendmsg: Operation not permitted'])
    assert.equal(await pingBy(t, said), false);
});

test('a ping without its capability, which the kernel does not even start in a container, is a lack of rights', () => {
  const file = fileURLToPath(new URL('../../src/host/ping.ts', import.meta.url));
  const script = `import('${file}').then(({ sendPing }) => sendPing('127.0.0.1')).then(String, ({ kind }) => kind).then(console.log)`;
  // Only root may change the set that bounds the capabilities.
  const asContainer = process.getuid?.() === 0 ? ['--inh-caps=-all', '--bounding-set=-all'] : [];
  const node = [process.execPath, '--import', 'tsx', '-e', script];
  const printed = execFileSync('setpriv', [...asContainer, '--no-new-privs', '--', ...node], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  // A host may permit everybody to send pings.
  assert.match(printed, /^(?:privilege|true)\n$/);
});
