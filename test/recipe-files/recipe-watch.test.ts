import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import { RecipeWatch } from '../../src/recipe-files/recipe-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

/** What a watch told, in order, and a way to wait for it. */
class Told {
  readonly words: string[] = [];

  note(word: string): void {
    this.words.push(word);
  }

  async until(...words: readonly string[]): Promise<void> {
    await until(
      `the watch to tell ${JSON.stringify(words)}`,
      () => this.words.length >= words.length,
      () => JSON.stringify(this.words),
    );
    assert.deepEqual(this.words, words);
  }
}

async function watch(t: TestContext, file: string, text: string): Promise<Told> {
  const told = new Told();
  const watching = await RecipeWatch.start({
    file,
    text,
    reader: {
      async saved(saved) {
        await Promise.resolve();
        told.note(saved);
      },
      unreadable: (because) => told.note(`! ${because}`),
    },
  });
  t.after(() => watching.close());
  return told;
}

test('a save is told once, however an editor makes it', async (t) => {
  const path = temporaryDirectory(t);
  const file = join(path, 'a.json');
  writeFileSync(file, 'first');
  const told = await watch(t, file, 'first');

  await writeFile(join(path, '.a.json.swp'), 'renamed');
  await rename(join(path, '.a.json.swp'), file);
  await told.until('renamed');

  await truncate(file);
  await writeFile(file, 'truncated');
  await told.until('renamed', 'truncated');

  await rename(file, `${file}~`);
  await writeFile(file, 'with ');
  await appendFile(file, 'a ');
  await appendFile(file, 'backup');
  await told.until('renamed', 'truncated', 'with a backup');

  // What does not change the text is no save, and neither is what happens beside it.
  await writeFile(file, 'with a backup');
  await writeFile(join(path, 'other.json'), 'other');
  await writeFile(file, 'last');
  await told.until('renamed', 'truncated', 'with a backup', 'last');
});

test('a file that goes is told once, and what comes in its place is read', async (t) => {
  const file = join(temporaryDirectory(t), 'a.json');
  writeFileSync(file, 'first');
  const told = await watch(t, file, 'first');
  await rm(file);
  await told.until('! no such file or directory');
  await writeFile(file, '');
  await told.until('! no such file or directory', '');
  await writeFile(file, 'again');
  await told.until('! no such file or directory', '', 'again');
});

test('a save before the watch began is seen', async (t) => {
  const file = join(temporaryDirectory(t), 'a.json');
  writeFileSync(file, 'newer');
  await (await watch(t, file, 'first')).until('newer');
});

test('a link may be set to another file, as Kubernetes does for a ConfigMap', async (t) => {
  const path = temporaryDirectory(t);
  for (const version of ['1', '2']) {
    mkdirSync(join(path, version));
    writeFileSync(join(path, version, 'a.json'), `version ${version}`);
  }
  symlinkSync('1', join(path, '..data'));
  symlinkSync('..data/a.json', join(path, 'a.json'));
  const told = await watch(t, join(path, 'a.json'), 'version 1');
  symlinkSync('2', join(path, '..data_tmp'));
  renameSync(join(path, '..data_tmp'), join(path, '..data'));
  await told.until('version 2');
});

test('texts are dealt with one after the other, and only the last of many', async (t) => {
  const file = join(temporaryDirectory(t), 'a.json');
  writeFileSync(file, 'first');
  const dealt: string[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const begun = new Promise<void>((begin) => {
    void RecipeWatch.start({
      file,
      text: '',
      reader: {
        async saved(text) {
          dealt.push(`${text} begun`);
          begin();
          if (text === 'first') await held;
          dealt.push(`${text} done`);
          if (text === 'third') finish();
        },
        unreadable: (because) => void dealt.push(because),
      },
    }).then((watching) => t.after(() => watching.close()));
  });
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  await begun;
  await writeFile(file, 'second');
  await writeFile(file, 'third');
  release();
  await finished;
  assert.deepEqual(dealt.slice(0, 2), ['first begun', 'first done']);
  assert.deepEqual(dealt.slice(-2), ['third begun', 'third done']);
});

test('a directory that goes and comes back is followed, and each reason is told once', async (t) => {
  const path = join(temporaryDirectory(t), 'recipes');
  mkdirSync(path);
  const file = join(path, 'a.json');
  writeFileSync(file, 'first');
  const told = await watch(t, file, 'first');
  renameSync(path, `${path}-away`);
  await told.until('! no such file or directory');
  writeFileSync(join(`${path}-away`, 'a.json'), 'second');
  renameSync(`${path}-away`, path);
  await told.until('! no such file or directory', 'second');
});

test('another file may become the recipe, and why none does is told again when it changes', async (t) => {
  const path = temporaryDirectory(t);
  const first = join(path, 'a.json');
  writeFileSync(first, 'text');
  const told = new Told();
  let found: { file: string; text: string } | Error = { file: first, text: 'text' };
  const watching = await RecipeWatch.start({
    file: first,
    text: 'text',
    find: () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)),
    reader: {
      async saved(text, file) {
        await Promise.resolve();
        told.note(`${file.slice(path.length + 1)}: ${text}`);
      },
      unreadable: (because) => told.note(`! ${because}`),
    },
  });
  t.after(() => watching.close());
  const touch = () => writeFileSync(join(path, 'touched'), '');
  found = { file: join(path, 'b.json'), text: 'text' };
  touch();
  await told.until('b.json: text');
  found = new Failure('recipe', 'none', { hint: 'write one' });
  touch();
  await told.until('b.json: text', '! none (write one)');
  found = new Error('two');
  touch();
  await told.until('b.json: text', '! none (write one)', '! two');
  found = { file: first, text: 'text' };
  touch();
  await told.until('b.json: text', '! none (write one)', '! two', 'a.json: text');
});
