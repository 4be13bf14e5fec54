import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { codeCacheFile } from '../src/host/files/code-cache.ts';
import { readVersion } from '../src/host/version.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { until } from './support/until.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const copiedAt = new Date('2026-01-31T12:00:00Z');

/** heddle as it is installed, without compiled code. */
class Package {
  readonly directory: string;
  readonly bundle: string;

  constructor(t: TestContext) {
    this.directory = temporaryDirectory(t);
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(root, part), join(this.directory, part), { recursive: true, preserveTimestamps: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.directory, 'node_modules'));
    rmSync(this.compiled, { recursive: true, force: true });
    const name =
      readdirSync(join(this.directory, 'dist')).find((file) => /^heddle-.*\.cjs$/.test(file)) ?? '';
    this.bundle = join(this.directory, 'dist', name);
    // Two copies are the same to heddle only if their times are. Which part of a second cpSync keeps depends on Node.
    utimesSync(this.bundle, copiedAt, copiedAt);
  }

  get compiled(): string {
    return join(this.directory, 'dist/compiled');
  }

  cacheFile(purpose: string): string {
    return codeCacheFile(this.bundle, purpose);
  }

  /** Another program of the same name and length: what it prints tells whose code ran. */
  rewriteHelp(): void {
    // The bundle breaks long lines, also within a text.
    const words = new RegExp(Array.from('print the version').join('(?:\\\\\n)?'));
    this.rewrite((text) => text.replace(words, (found) => found.toUpperCase()));
  }

  /** Another bundle that seems to be the same. */
  rewrite(change: (text: string) => string): void {
    const text = readFileSync(this.bundle, 'utf8');
    const other = change(text);
    assert.notEqual(other, text);
    const { atime, mtime } = statSync(this.bundle);
    writeFileSync(this.bundle, other);
    utimesSync(this.bundle, atime, mtime);
  }

  async run(...args: readonly string[]): Promise<string> {
    const program = join(this.directory, 'bin/heddle.js');
    const { all } = await execa(process.execPath, [program, ...args], { all: true, reject: false });
    return all;
  }
}

/** A package whose compiled code for `--help` was made from another text. */
async function makeForged(t: TestContext): Promise<Package> {
  const [forger, forged] = [new Package(t), new Package(t)];
  forger.rewriteHelp();
  assert.match(await forger.run('--help'), /PRINT THE VERSION/);
  cpSync(forger.compiled, forged.compiled, { recursive: true });
  return forged;
}

test('a start runs from the code that an earlier one compiled', async (t) => {
  const forged = await makeForged(t);
  assert.match(await forged.run('--help'), /PRINT THE VERSION/);
});

test('a bundle that was edited in place runs as it stands', async (t) => {
  const made = new Package(t);
  assert.match(await made.run('--help'), /print the version/);
  const { atime } = statSync(made.bundle);
  made.rewriteHelp();
  utimesSync(made.bundle, atime, new Date());
  assert.match(await made.run('--help'), /PRINT THE VERSION/);
});

test('code that others could have written is not run, and is not replaced', async (t) => {
  const forged = await makeForged(t);
  const file = forged.cacheFile('main');
  const { ino } = lstatSync(file);
  chmodSync(forged.compiled, 0o777);
  assert.match(await forged.run('--help'), /print the version/);
  assert.equal(lstatSync(file).ino, ino);
});

test('damaged code is not run, and is replaced', async (t) => {
  const forged = await makeForged(t);
  const file = forged.cacheFile('main');
  writeFileSync(file, readFileSync(file).subarray(0, -100));
  assert.match(await forged.run('--help'), /print the version/);
  const { ino } = lstatSync(file);
  assert.match(await forged.run('--help'), /print the version/);
  assert.equal(lstatSync(file).ino, ino, 'good code is kept');
});

test('code that V8 refuses is replaced', async (t) => {
  const [made, other] = [new Package(t), new Package(t)];
  // Code for a text of another length, with a checksum that is right.
  other.rewrite((text) => `${text} `);
  await other.run('--help');
  cpSync(other.compiled, made.compiled, { recursive: true });
  const before = readFileSync(made.cacheFile('main'));
  assert.match(await made.run('--help'), /print the version/);
  assert.notDeepEqual(readFileSync(made.cacheFile('main')), before);
});

test('each subcommand that succeeds keeps code of its own, and one that fails none', async (t) => {
  const made = new Package(t);
  await made.run('recipe', 'list');
  await made.run('no-such-command');
  await made.run('--version');
  assert.deepEqual(readdirSync(made.compiled).sort(), [
    made.cacheFile('main').slice(made.compiled.length + 1),
    made.cacheFile('recipe').slice(made.compiled.length + 1),
  ]);
});

test('a subcommand that runs on keeps code of its own, though its help has some', async (t) => {
  const made = new Package(t);
  await made.run('status', '--help');
  const short = readFileSync(made.cacheFile('status'));
  const program = join(made.directory, 'bin/heddle.js');
  const args = ['status', '--watch', '--json', '--state-dir', join(made.directory, 'state')];
  const running = execa(process.execPath, [program, ...args], { reject: false, stdio: 'ignore' });
  t.after(async () => {
    running.kill('SIGKILL');
    await running;
  });
  const file = made.cacheFile('status-running');
  await until('the code of the program that runs', () => existsSync(file));
  assert.ok(statSync(file).size > short.length);
  assert.deepEqual(readFileSync(made.cacheFile('status')), short);
  const { ino } = lstatSync(file);
  await made.run('status', '--help');
  assert.equal(lstatSync(file).ino, ino, 'good code is kept');
});

test('a start without a place for compiled code says nothing of it', async (t) => {
  const made = new Package(t);
  // Not even root can make a directory here.
  writeFileSync(made.compiled, '');
  assert.equal(await made.run('--version'), readVersion());
});

test('the report of a defect names lines of the source', async (t) => {
  const made = new Package(t);
  made.rewrite((text) => text.replace(/function\s+readVersion\(\)\s*{/, '$& throw new Error("torn");'));
  const report = await made.run('--help');
  assert.match(report, /bug in heddle: torn/);
  assert.match(report, /^ +at readVersion \(src\/host\/version\.ts:\d+:\d+\)$/m);
  assert.match(report, /^ +at runCommandLine \(src\/main\.ts:\d+:\d+\)$/m);
});

test('a defect that no command caught is reported in the same way', async (t) => {
  const made = new Package(t);
  const later = 'setTimeout(() => { throw new Error("torn"); });';
  made.rewrite((text) => text.replace(/function\s+readVersion\(\)\s*{/, `$& ${later}`));
  const program = join(made.directory, 'bin/heddle.js');
  const { exitCode, stderr } = await execa(process.execPath, [program, '--help'], { reject: false });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^heddle: unexpected error.*: torn$/m);
  assert.match(stderr, /\(?src\/host\/version\.ts:\d+:\d+\)?$/m);
});
