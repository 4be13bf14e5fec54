import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { ConfigMapVolume } from '../support/config-map-volume.ts';
import { Daemon, startDaemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

/** The mount point of the ConfigMap on the host. */
const mounted = '/run/recipes';

function recipe(type: string, more: object = {}): object {
  const Backend = { Type: type, PostStartupCommand: `echo ${type} >$STATE_DIR/ran`, ...more };
  return { Network: '10.50.0.0/16', Backend };
}

interface Mounted {
  readonly host: Host;
  readonly volume: ConfigMapVolume;
  readonly args: readonly string[];
}

/** A host with the volume of a ConfigMap, mounted as in a pod, and a store whose network has the type `extension`. */
async function mountConfigMap(t: TestContext, options = 'ro'): Promise<Mounted> {
  const { host, store } = await oneHost(t);
  writeFileSync(join(store.path, 'config'), '{"Network":"10.50.0.0/16","Backend":{"Type":"extension"}}', {
    mode: 0o644,
  });
  const volume = new ConfigMapVolume(join(store.root, 'volume'));
  await host.sh(
    `mkdir ${mounted} && mount --bind ${volume.path} ${mounted} && mount -o remount,bind,${options} ${mounted}`,
  );
  return { host, volume, args: ['--recipe-dir', mounted, '--store-dir', store.path] };
}

describe('heddle up --recipe-dir', { skip: reasonToSkip(), timeout: 60_000 }, () => {
  test('runs the recipe of the type, and follows the swaps of a mounted ConfigMap', async (t) => {
    const { host, volume, args } = await mountConfigMap(t);
    const others = { 'loom.json': recipe('loom'), 'bad.json': '{' };
    volume.write({ ...others, 'a.json': recipe('extension') });
    const daemon = await startDaemon(host, [...args, '--watch']);
    assert.equal(await host.sh('cat /run/state/ran'), 'extension');
    const warned = (words: RegExp) => daemon.until('warning', ({ message }) => words.test(message));
    await daemon.logged('warning', ({ message }) =>
      message.startsWith(`${mounted}/bad.json is not used, because it cannot be read: line 1: `),
    );

    for (const Timeout of [7, 8]) {
      volume.write({ ...others, 'a.json': recipe('extension', { Timeout }) });
      const { step, because, file } = await daemon.until('recipe-applied');
      assert.deepEqual([step, because, file], ['swap', 'Timeout changed', `${mounted}/a.json`]);
    }
    const last = recipe('extension', { Timeout: 8 });
    volume.write({ 'c.json': last });
    const moved = await daemon.until('recipe-applied');
    assert.deepEqual([moved.step, moved.file], ['nothing', `${mounted}/c.json`]);

    volume.write({ 'c.json': last, 'd.json': last });
    await warned(
      /^2 recipes in \/run\/recipes have the type "extension": c.json, d.json .*the running recipe stays$/,
    );
    volume.write({ 'loom.json': recipe('loom') });
    await warned(
      /^no recipe in \/run\/recipes has the type "extension".*there are: loom.json.*recipe stays$/,
    );
    volume.write({ 'c.json': recipe('extension', { Timeout: 0 }) });
    assert.match((await daemon.until('recipe-refused')).findings, /out-of-bounds/);
    volume.write({ 'c.json': recipe('extension', { Timeout: 9 }) });
    assert.equal((await daemon.until('recipe-applied')).because, 'Timeout changed');

    await host.sh(`mount -o remount,bind,rw ${mounted}`);
    volume.write({ 'c.json': recipe('extension', { Timeout: 10 }) });
    await warned(
      /^cannot run a recipe of \/run\/recipes as root: .*\(mode 0777\).*the running recipe stays$/,
    );
    assert.equal((await daemon.stop()).exitCode, 0);
  });

  test('refuses what is not there, and what others can write', async (t) => {
    const { host, volume, args } = await mountConfigMap(t, 'rw');
    volume.write({ 'a.json': recipe('extension') });
    const refusal = async (...words: readonly string[]): Promise<string> => {
      const { exitCode, stderr } = await new Daemon(host, words).ended;
      assert.equal(exitCode, 3, stderr);
      return stderr.trimEnd();
    };
    assert.equal(
      await refusal(...args),
      `heddle: cannot run a recipe of ${mounted} as root: other users can write to ${mounted} (mode 0777)\n` +
        `  chmod go-w ${mounted}; or mount it read-only, as Kubernetes mounts a ConfigMap`,
    );
    await host.sh(`mount -o remount,bind,ro ${mounted}`);
    volume.write({ 'a.json': recipe('loom') });
    assert.equal(
      await refusal(...args),
      `heddle: no recipe in ${mounted} has the type "extension" of the network configuration\n  there are: a.json ("loom")`,
    );
    const late = args.map((word) => (word === mounted ? '/run/late' : word));
    assert.match(
      await refusal(...late),
      /the recipes in \/run\/late cannot be read: no such file or directory/,
    );
    await host.sh(
      `umount ${mounted}; mkdir -m 755 /run/late; cp ${volume.path}/a.json /run/late/; sed -i s/loom/extension/g /run/late/a.json`,
    );
    const daemon = await startDaemon(host, late);
    assert.equal((await daemon.stop()).exitCode, 0);
  });
});
