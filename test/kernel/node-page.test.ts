import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { until } from '../support/until.ts';
import { findBarriers, openPage, startBrowserOn, type OpenPage } from './harness/browser.ts';
import { runOn, startDaemon, upCommand, type Daemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const skip = reasonToSkip('chromium');
const port = 9271;
const at = `127.0.0.1:${port}`;

/** The status of an answer inside the host, and its body up to the first empty line: a stream of events does not end. */
async function ask(host: Host, path: string, headers: Readonly<Record<string, string>> = {}) {
  const script = `
    const request = require('node:http').get({ host: '127.0.0.1', port: ${port}, path: process.argv[1],
      headers: JSON.parse(process.argv[2]) }, async (answer) => {
      let text = '';
      for await (const part of answer.setEncoding('utf8'))
        if ((text += part).includes('\\n\\n') && /stream/.test(answer.headers['content-type'])) break;
      console.log(JSON.stringify({ status: answer.statusCode, text }));
      process.exit();
    });
    request.on('error', (error) => { throw error; });`;
  const { stdout, stderr } = await host.run([
    ...[process.execPath, '-e', script, path, JSON.stringify(headers)],
  ]);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as { readonly status: number; readonly text: string };
}

async function addressOf(daemon: Daemon): Promise<URL> {
  const said = /the page of this node is at (\S+);/;
  const { message } = await daemon.logged('warning', (event) => said.test(event.message));
  return new URL(said.exec(message)?.[1] ?? '');
}

const stranger = '10.50.98.0/24';
const hostile = '<img src=x onerror=alert(1)>';

/** A recipe with a secret, which it also prints where it fails: for one peer. */
const secretive = {
  Network: '10.50.0.0/16',
  Backend: {
    Type: 'extension',
    Parameters: { PSK: { Type: 'string', Secret: true }, Plain: { Type: 'string' } },
    PreStartupCommand: 'echo "the key is $PSK" >&2; printf %s "$PSK" >psk',
    SubnetAddCommand: [
      `test "$SUBNET" != ${stranger} && exit 0`,
      `echo "the key $PSK is of no use, </script>${hostile}" >&2; exit 3`,
    ],
    SubnetRemoveCommand: 'true',
  },
};
const parameters = ['--param', 'PSK=swordfish', '--param', 'Plain=tweed'];

async function hasText({ page }: OpenPage, selector: string, wanted: RegExp): Promise<string> {
  const text = (): Promise<string> => page.locator(selector).innerText();
  return until(
    `${String(wanted)} in ${selector}`,
    async () => [await text()].find((shown) => wanted.test(shown)),
    text,
  );
}

describe('heddle up --page', { skip }, () => {
  test('is for whoever knows the token, and has no secret', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(stranger, '172.30.1.98');
    const recipe = store.recipe('secretive', secretive);
    const args = ['--recipe', recipe, '--store-dir', store.path, ...parameters, '--page', at];
    const daemon = await startDaemon(host, args);
    await daemon.until('peer-failed');
    const { host: heard, pathname, search } = await addressOf(daemon);
    assert.deepEqual([heard, pathname], [at, '/']);
    assert.match(search, /^\?token=[\w-]{32}$/);
    for (const path of ['/', '/events', '//', `/?token=${'x'.repeat(32)}`, '/events?token='])
      assert.equal((await ask(host, path)).status, 403, path);
    assert.equal((await ask(host, `/${search}`, { host: `example.com:${port}` })).status, 403);
    assert.equal((await ask(host, `/other${search}`)).status, 404);
    const page = await ask(host, `/${search}`);
    const events = await ask(host, `/events${search}`);
    assert.deepEqual([page.status, events.status], [200, 200]);
    assert.match(events.text, /^data: \{"page":"node",/);
    assert.match(events.text, /the key ‹secret› is of no use/);
    assert.match(events.text, /PSK=\*\*\* Plain=tweed/);
    const token = search.slice('?token='.length);
    for (const { text } of [page, events])
      for (const secret of ['swordfish', token]) assert.ok(!text.includes(secret), secret);
    assert.equal((await daemon.stop()).exitCode, 0);
  });

  test('shows the state and its reason, follows a change, and has no barrier', async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = store.recipe(hostile, secretive);
    const args = ['--recipe', recipe, '--store-dir', store.path, ...parameters, '--page', at];
    const daemon = await startDaemon(host, [...args, '--node-name', hostile]);
    const address = (await addressOf(daemon)).href;
    const browser = await startBrowserOn(t, host);
    const shown = await openPage(browser, address);
    await hasText(shown, '.verdict', /The node is running/);
    await hasText(shown, '#problems', /Nothing\./);
    assert.ok((await hasText(shown, '#node', /secretive|img/)).includes(hostile));

    assert.match(await hasText(shown, '.absent', /heddle lab up --page/), /does not have .* a matrix/);
    const drawing = shown.page.locator('#topology svg');
    assert.match((await drawing.getAttribute('aria-label')) ?? '', / and 0 of its 0 peers/);

    store.put(stranger, '172.30.1.98');
    await hasText(shown, '.verdict', /The node is degraded/);
    await shown.page.waitForSelector('#topology .tunnel.fails', { state: 'attached' });
    const status = JSON.parse((await runOn(host, 'status', '--json')).stdout) as Record<string, string>;
    assert.equal(status['state'], 'degraded');
    const problems = await hasText(shown, '#problems', /SubnetAddCommand/);
    assert.ok(problems.includes(`the node is degraded: ${status['because'] ?? 'why'}`), problems);
    assert.match(await hasText(shown, '#failures', /exited with status 3/), /<\/script><img src=x onerror/);
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        const other = await openPage(browser, address, { colorScheme, width });
        await hasText(other, '#failures', /exited with status 3/);
        assert.deepEqual(await findBarriers(other.page), []);
        await other.page.close();
      }
    }
    assert.doesNotMatch(await shown.page.content(), /swordfish/);
    assert.equal(await shown.page.locator('img').count(), 0);

    store.remove(stranger);
    await hasText(shown, '.verdict', /The node is running/);
    await hasText(shown, '#problems', /Nothing\./);
    assert.deepEqual(
      shown.requests.filter((url) => !url.startsWith(`http://${at}/`) && !url.startsWith('data:')),
      [],
    );
    assert.deepEqual(shown.complaints, []);

    assert.equal((await daemon.stop()).exitCode, 0);
    await hasText(shown, '.connection', /does not answer: what you see is the last state/);
  });

  test('refuses an address that is not of loopback, and one in use, before it touches anything', async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = store.recipe('secretive', secretive);
    const up = (page: string) => {
      const args = ['--recipe', recipe, '--store-dir', store.path, ...parameters, '--page', page];
      return host.run(upCommand(args));
    };
    const before = store.content();
    const links = await host.sh('ip -json link; ls -A /run');
    for (const page of ['0.0.0.0:9271', '172.30.1.1:9271', '[::]:9271', ':9271', 'localhost:9271', '9271']) {
      const { exitCode, stderr } = await up(page);
      assert.equal(exitCode, exitCodes.usage, `${page}: ${stderr}`);
      assert.match(stderr, /--page/);
    }
    await host.sh(`${process.execPath} -e 'require("node:net").createServer().listen(${port}, "127.0.0.1",
      () => console.log())' >/run/listens 2>&1 & until test -s /run/listens; do sleep 0.01; done; rm /run/listens`);
    const used = await up(at);
    assert.equal(used.exitCode, exitCodes.listen, used.stderr);
    assert.match(used.stderr, /cannot listen for the page at 127\.0\.0\.1 port 9271: address already in use/);
    assert.deepEqual(store.content(), before);
    assert.equal(await host.sh('ip -json link; ls -A /run'), links);
  });
});
