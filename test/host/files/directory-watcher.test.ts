import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { watchDirectory } from '../../../src/host/files/directory-watcher.ts';

/** Collects what a watcher says, and waits until it said something. */
class Listener {
  readonly said: string[] = [];
  #notify: () => void = () => undefined;

  readonly onName = (name: string, event: string): void => {
    this.said.push(`${event} ${name}`);
    this.#notify();
  };
  readonly onBlind = (error: unknown): void => {
    this.said.push(`blind: ${String(error)}`);
    this.#notify();
  };

  async until(said: string): Promise<void> {
    while (!this.said.includes(said)) await new Promise<void>((resolve) => (this.#notify = resolve));
  }
}

describe('watching one directory', { timeout: 30_000 }, () => {
  test('names what changes in it and itself when it goes, without looking at its files', async (context) => {
    const temporary = await mkdtemp(join(tmpdir(), 'heddle-watcher-'));
    context.after(() => rm(temporary, { recursive: true, force: true }));
    const directory = join(temporary, 'watched');
    await mkdir(directory);
    for (let index = 0; index < 50; index += 1) await writeFile(join(directory, `old${index}`), '');

    const looks = ['lstat', 'stat', 'readdir'] as const;
    const counted = looks.map((name) => context.mock.method(fs.promises, name));
    // Else chokidar goes on calling what it imported.
    syncBuiltinESMExports();
    context.after(() => {
      context.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const listener = new Listener();
    const watcher = await watchDirectory(directory, listener);
    context.after(() => watcher.close());
    const looksToStart = counted.reduce((sum, { mock }) => sum + mock.callCount(), 0);

    await writeFile(join(directory, 'new'), 'text');
    await listener.until('rename new');
    await listener.until('change new');
    await rename(join(directory, 'new'), join(directory, 'moved'));
    await listener.until('rename moved');
    await rm(join(directory, 'old7'));
    await listener.until('rename old7');
    await rename(join(temporary, 'watched'), join(temporary, 'gone'));
    await listener.until('rename watched');
    assert.equal(
      counted.reduce((sum, { mock }) => sum + mock.callCount(), 0),
      looksToStart,
    );
  });
});
