import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makePipeDirectory, removeLeftPipes } from '../../../src/shell/io/pipe-directory.ts';
import { startModule } from '../../host/child-module.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** Lets this process, and those that it starts, have a directory for temporary files of their own. */
function ownTemporary(t: TestContext): string {
  const before = process.env['TMPDIR'];
  const directory = temporaryDirectory(t);
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  process.env['TMPDIR'] = directory;
  return directory;
}

function pipeDirectories(temporary: string): readonly string[] {
  const names = readdirSync(temporary).filter((name) => name.startsWith('heddle-pipes-'));
  return names.sort();
}

/** A process that makes pipes without end for the user of a directory. */
function startMaking(t: TestContext, owner: string) {
  return startModule(
    t,
    'shell/io/pipe.ts',
    `console.log('ready');
    for (;;) {
      const supply = new m.PipeSupply(${JSON.stringify(owner)});
      m.closePipes(await supply.take());
      supply.close();
    }`,
  );
}

test('the next user of a directory removes the names of pipes that a killed process left, whenever it died', async (t) => {
  const owner = temporaryDirectory(t);
  const temporary = ownTemporary(t);
  for (let round = 0; round < 3; round += 1) {
    const child = startMaking(t, owner);
    assert.equal(await child.readLine(), 'ready');
    await delay(randomInt(60));
    await child.kill();
    t.diagnostic(`left: ${pipeDirectories(temporary).length}`);
    await removeLeftPipes(owner);
    assert.deepEqual(pipeDirectories(temporary), []);
  }
});

test('a process that is killed while mkfifo runs leaves a directory, which the next process removes', async (t) => {
  const owner = temporaryDirectory(t);
  const tools = temporaryDirectory(t);
  const temporary = ownTemporary(t);
  const path = process.env['PATH'] ?? '';
  const mkfifo = execFileSync('sh', ['-c', 'command -v mkfifo'], { encoding: 'utf8' }).trim();
  // Ends by itself, as whoever started it will not end it.
  const slow = [
    '#!/bin/sh',
    `${mkfifo} "$@"`,
    `: >${tools}/made`,
    'n=0',
    `until [ -e ${tools}/end ] || [ $n = 200 ]; do sleep 0.05; n=$((n + 1)); done`,
    '',
  ].join('\n');
  writeFileSync(join(tools, 'mkfifo'), slow, { mode: 0o755 });
  process.env['PATH'] = `${tools}:${path}`;
  t.after(() => (process.env['PATH'] = path));
  const child = startMaking(t, owner);
  await until('the pipes to be made', () => existsSync(join(tools, 'made')));
  await child.kill();
  writeFileSync(join(tools, 'end'), '');
  const [left = ''] = pipeDirectories(temporary);
  assert.equal(readdirSync(join(temporary, left)).length, 12);
  await removeLeftPipes(temporaryDirectory(t));
  assert.deepEqual(pipeDirectories(temporary), [left], 'the user of another directory leaves it');
  await removeLeftPipes(owner);
  assert.deepEqual(pipeDirectories(temporary), []);
});

test('nothing else is removed: not what others make, not through a link, not a file that is not a pipe’s', async (t) => {
  const owner = temporaryDirectory(t);
  const elsewhere = temporaryDirectory(t);
  const temporary = ownTemporary(t);
  const others = [makePipeDirectory(undefined), makePipeDirectory(elsewhere)].map((path) => basename(path));
  const own = makePipeDirectory(owner);
  const [prefix = ''] = /^.*-/.exec(basename(own)) ?? [];
  writeFileSync(join(own, '0-stdout'), '');
  mkdirSync(join(temporary, `${prefix}folder`));
  writeFileSync(join(temporary, `${prefix}folder`, 'note.txt'), 'mine');
  writeFileSync(join(temporary, `${prefix}file`), 'mine');
  writeFileSync(join(elsewhere, '0-stdout'), 'mine');
  symlinkSync(elsewhere, join(temporary, `${prefix}link`));
  await removeLeftPipes(owner);
  const left = [...others, `${prefix}file`, `${prefix}folder`, `${prefix}link`];
  assert.deepEqual(pipeDirectories(temporary), left.sort());
  assert.deepEqual(readdirSync(elsewhere), ['0-stdout']);
  assert.deepEqual(readdirSync(join(temporary, `${prefix}folder`)), ['note.txt']);
});
