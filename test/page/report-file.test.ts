import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import { requireWritable, writeReport } from '../../src/page/report-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { labPage } from './lab-of-twenty.ts';

const refuses =
  (kind: Failure['kind'], message: RegExp, hint = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    return true;
  };

test('a file that cannot be a report is refused before anything starts, with the reason', async (t) => {
  const directory = temporaryDirectory(t);
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const link = join(directory, 'link');
  symlinkSync('nowhere', link);
  for (const [file, reason] of [
    [directory, /: it is a directory$/],
    [fifo, /: it is not a regular file$/],
    [join(directory, 'missing', 'report.html'), /: no such file or directory$/],
    [join(fifo, 'report.html'), /: not a directory$/],
    [link, /: it is a link that leads nowhere$/],
    ['', /: the name of the file is empty$/],
  ] as const)
    await assert.rejects(requireWritable(file), refuses('usage', reason), file);
  await requireWritable(join(directory, 'report.html'));
  assert.deepEqual(readdirSync(directory).sort(), ['fifo', 'link']);
});

test('a report replaces the file that a link names, and keeps its mode', async (t) => {
  const directory = temporaryDirectory(t);
  const other = join(directory, 'other');
  mkdirSync(other);
  const file = join(other, 'report.html');
  writeFileSync(file, 'old');
  chmodSync(file, 0o600);
  symlinkSync(file, join(directory, 'link.html'));
  await requireWritable(join(directory, 'link.html'));
  await writeReport(join(directory, 'link.html'), labPage());
  assert.match(readFileSync(file, 'utf8'), /^<!doctype html>/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(other), ['report.html']);
});

test('a full disk is named, and a lab that failed decides about the exit code', async () => {
  await requireWritable('/dev/full');
  const full = /^the report cannot be written to \/dev\/full: no space left on device$/;
  await assert.rejects(writeReport('/dev/full', labPage()), refuses('usage', full, /make room there/));
  await assert.rejects(writeReport('/dev/full', labPage(), 'lab-failed'), refuses('lab-failed', full));
});
