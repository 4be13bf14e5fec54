import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isJournal, withPriority } from '../../../src/cli/terminal/journal-priority.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const log = fileURLToPath(new URL('../../../src/cli/terminal/log.ts', import.meta.url));
const report = fileURLToPath(new URL('../../../src/cli/terminal/report-error.ts', import.meta.url));

/** Logs an event of each level, and then an error with two lines to stderr. */
const script = (format: string): string => `
  import { createLog } from ${JSON.stringify(log)};
  import { reportError } from ${JSON.stringify(report)};
  const { emit, close } = await createLog({ format: '${format}', level: 'debug' });
  emit({ event: 'lease-released', subnet: '10.50.1.0/24' });
  emit({ event: 'part-failed', part: 'device', because: 'it is gone', detail: '  more of it', retryInMs: 1000 });
  emit({ event: 'warning', message: 'careful' });
  await close();
  reportError(new Error('torn'));
`;

/** The lines of stdout and of stderr, which are files. \`journal\` is the one that JOURNAL_STREAM names. */
function run(t: TestContext, format: string, journal: 'stdout' | 'stderr'): readonly (readonly string[])[] {
  const directory = temporaryDirectory(t);
  const files = ['stdout', 'stderr'].map((name) => join(directory, name));
  const [out, err] = files.map((file) => openSync(file, 'w'));
  const { dev, ino } = fstatSync((journal === 'stdout' ? out : err) ?? -1, { bigint: true });
  const { status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script(format)],
    { stdio: ['ignore', out, err], env: { ...process.env, JOURNAL_STREAM: `${dev}:${ino}` } },
  );
  assert.equal(status, 0);
  for (const descriptor of [out, err]) closeSync(descriptor ?? -1);
  return files.map((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
}

test('each line in the journal begins with its priority, and lines elsewhere do not', (t) => {
  const [out = [], err = []] = run(t, 'text', 'stdout');
  assert.deepEqual(
    out.map((line) => line.slice(0, 3)),
    ['<6>', '<3>', '<3>', '<4>'],
  );
  assert.match(out[0] ?? '', /^<6>\d{4}-.* info {2}/);
  assert.match(err[0] ?? '', /^heddle: /);
});

test('a line of JSON in the journal begins with its priority, too', (t) => {
  const [out = []] = run(t, 'json', 'stdout');
  assert.deepEqual(
    out.map((line) => line.slice(0, 4)),
    ['<6>{', '<3>{', '<4>{'],
  );
});

test('the last error has its priority when stderr is the journal', (t) => {
  const [out = [], err = []] = run(t, 'text', 'stderr');
  assert.match(out[0] ?? '', /^\d{4}-/);
  assert.ok(err.length > 1);
  for (const line of err) assert.match(line, /^<3>/);
});

test('a stream is the journal only if device and inode are the same', (t) => {
  const descriptor = openSync(join(temporaryDirectory(t), 'file'), 'w');
  t.after(() => closeSync(descriptor));
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const named = (text: string): boolean => isJournal(descriptor, { JOURNAL_STREAM: text });
  assert.equal(named(`${dev}:${ino}`), true);
  for (const other of [`${dev}:${ino + 1n}`, `${dev + 1n}:${ino}`, `${ino}`, '', ':'])
    assert.equal(named(other), false);
  assert.equal(isJournal(descriptor, {}), false);
  assert.equal(isJournal(9999, { JOURNAL_STREAM: `${dev}:${ino}` }), false);
});

test('empty lines stay empty', () => {
  assert.equal(withPriority('warn', 'a\n\nb\n'), '<4>a\n\n<4>b\n');
});
