import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { watchDirectory, watchLargeDirectory } from '../../../src/host/files/directory-watcher.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** Collects what a watcher says, and waits until it said something. */
class Listener {
  readonly said: string[] = [];

  readonly onName = (name: string, event: string): void => {
    this.said.push(`${event} ${name}`);
  };
  readonly onBlind = (error: unknown): void => {
    this.said.push(`blind: ${String(error)}`);
  };

  async until(said: string): Promise<void> {
    await until(
      `the watcher to say ${said}`,
      () => this.said.includes(said),
      () => this.said.join('\n'),
    );
  }
}

async function makeWatched(t: TestContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'watched');
  await mkdir(directory);
  for (let index = 0; index < 50; index += 1) await writeFile(join(directory, `old${index}`), '');
  return directory;
}

/** Counts from now on how often anybody lists a directory or asks for the state of a file. */
function countLooks(t: TestContext): () => number {
  const looks = ['lstat', 'stat', 'readdir'] as const;
  const counted = looks.map((name) => t.mock.method(fs.promises, name));
  // Else whoever has imported them goes on calling those.
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return () => counted.reduce((sum, { mock }) => sum + mock.callCount(), 0);
}

for (const [name, watch] of Object.entries({ watchDirectory, watchLargeDirectory })) {
  describe(name, { timeout: 30_000 }, () => {
    test('tells each name that changes in the directory, and its own when it goes', async (t) => {
      const directory = await makeWatched(t);
      const listener = new Listener();
      const watcher = await watch(directory, listener);
      t.after(() => watcher.close());

      await writeFile(join(directory, 'new'), 'text');
      await listener.until('rename new');
      await listener.until('change new');
      await writeFile(join(directory, 'old3'), 'text');
      await listener.until('change old3');
      await rename(join(directory, 'new'), join(directory, 'moved'));
      await listener.until('rename moved');
      await rm(join(directory, 'old7'));
      await listener.until('rename old7');
      await rename(directory, `${directory}.away`);
      await listener.until('rename watched');
    });

    test('does not fail where the directory does not exist', async (t) => {
      const listener = new Listener();
      const watcher = await watch(join(await makeWatched(t), 'none'), listener);
      await watcher.close();
      assert.deepEqual(listener.said, []);
    });
  });
}

test('watchLargeDirectory looks at no file', { timeout: 30_000 }, async (t) => {
  const directory = await makeWatched(t);
  const looks = countLooks(t);
  const listener = new Listener();
  const watcher = watchLargeDirectory(directory, listener);
  t.after(() => watcher.close());
  await writeFile(join(directory, 'new'), 'text');
  await listener.until('change new');
  await rm(join(directory, 'old7'));
  await listener.until('rename old7');
  assert.equal(looks(), 0);
});
