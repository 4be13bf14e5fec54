import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readParameterSources } from '../../../src/cli/arguments/parameter-sources.ts';
import { describeCommandLine } from '../../../src/cli/arguments/process-list.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { operandOf } from '../../../src/recipe/parameters.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function fileWith(t: TestContext, text: string | Buffer): string {
  const path = join(temporaryDirectory(t), 'psk');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function valueOf(operand: string): string | undefined {
  return readParameterSources([operand], {})[0]?.text;
}

function isRefused(work: () => unknown, message: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'usage');
    assert.match(error.message, message);
    return true;
  });
}

test('a value is taken as it stands, or from a file without one line break at its end', (t) => {
  assert.equal(valueOf('PSK=abc='), 'abc=');
  assert.equal(valueOf('PSK='), '');
  assert.equal(valueOf('PSK=@@home'), '@home');
  assert.equal(valueOf('PSK=@@@'), '@@');
  assert.equal(valueOf('PSK=a@b'), 'a@b');
  for (const [text, value] of [
    ['swordfish\n', 'swordfish'],
    ['swordfish', 'swordfish'],
    ['swordfish\r\n', 'swordfish'],
    ['two\n\n', 'two\n'],
    ['', ''],
    ['@x', '@x'],
    ['x'.repeat(65_536), 'x'.repeat(65_536)],
  ] as const) {
    assert.equal(valueOf(`PSK=@${fileWith(t, text)}`), value);
  }
});

test('a link to a file is followed, as Kubernetes and systemd make them', (t) => {
  const file = fileWith(t, 'swordfish\n');
  symlinkSync(file, `${file}.link`);
  assert.equal(valueOf(`PSK=@${file}.link`), 'swordfish');
});

test('a file that cannot be used is refused at once, and named', (t) => {
  const directory = temporaryDirectory(t);
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  isRefused(() => valueOf(`PSK=@${fifo}`), /^cannot use --param PSK=@.*fifo: .* is not a regular file$/);
  isRefused(() => valueOf(`PSK=@${directory}`), /is not a regular file$/);
  isRefused(() => valueOf('PSK=@/dev/zero'), /is not a regular file$/);
  isRefused(() => valueOf(`PSK=@${directory}/none`), /no such file or directory$/);
  isRefused(() => valueOf('PSK=@'), /no such file or directory$/);
  isRefused(() => valueOf(`PSK=@${fileWith(t, 'x'.repeat(65_537))}`), /is larger than 65536 bytes$/);
});

test('a link is refused like the file that it leads to', (t) => {
  const directory = temporaryDirectory(t);
  execFileSync('mkfifo', [join(directory, 'fifo')]);
  const targets: Readonly<Record<string, RegExp>> = {
    fifo: /` is not a regular file$/,
    '.': /` is not a regular file$/,
    '/dev/zero': /` is not a regular file$/,
    nowhere: /no such file or directory$/,
    link: /too many symbolic links encountered$/,
  };
  for (const [target, message] of Object.entries(targets)) {
    const link = join(directory, 'link');
    symlinkSync(target, link);
    isRefused(() => valueOf(`PSK=@${link}`), message);
    rmSync(link);
  }
});

test('bytes that are not text in UTF-8 are refused, since they would become another secret', (t) => {
  for (const bytes of [
    [0xff, 0xfe],
    [0x61, 0xc3],
    [0xed, 0xa0, 0x80],
    [0xc0, 0xaf],
  ])
    isRefused(() => valueOf(`PSK=@${fileWith(t, Buffer.from(bytes))}`), /psk` is not text in UTF-8$/);
  assert.equal(valueOf(`PSK=@${fileWith(t, 'schlüssel\n')}`), 'schlüssel');
  assert.equal(valueOf(`PSK=@${fileWith(t, '\ufeffx')}`), '\ufeffx');
});

test('a variable and a credential give values, too', (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'heddle.param.PSK'), 'swordfish\n');
  writeFileSync(join(directory, 'other.param.PSK'), 'no\n');
  const given = readParameterSources(['VNI=7'], {
    CREDENTIALS_DIRECTORY: directory,
    HEDDLE_PARAM_DIRECT_ROUTING: 'true',
    HEDDLE_STATE_DIR: '/x',
  });
  assert.deepEqual(
    given.map(({ name, text, origin }) => [name, text, origin]),
    [
      ['VNI', '7', 'from --param'],
      ['DIRECT_ROUTING', 'true', 'from the variable HEDDLE_PARAM_DIRECT_ROUTING'],
      ['PSK', 'swordfish', 'from the credential heddle.param.PSK'],
    ],
  );
});

test('a credential that cannot be used is refused at once, and named', (t) => {
  const directory = temporaryDirectory(t);
  const credential = join(directory, 'heddle.param.PSK');
  const refused = (message: RegExp): void => {
    isRefused(() => readParameterSources([], { CREDENTIALS_DIRECTORY: directory }), message);
    rmSync(credential, { recursive: true });
  };
  execFileSync('mkfifo', [credential]);
  refused(/^cannot use the credential heddle\.param\.PSK: .*heddle\.param\.PSK` is not a regular file$/);
  mkdirSync(credential);
  refused(/is not a regular file$/);
  symlinkSync('/dev/zero', credential);
  refused(/is not a regular file$/);
  writeFileSync(credential, 'x'.repeat(65_537));
  refused(/is larger than 65536 bytes$/);
  writeFileSync(credential, Buffer.from([0xff]));
  refused(/is not text in UTF-8$/);

  writeFileSync(join(directory, 'psk'), 'swordfish\n');
  symlinkSync('psk', credential);
  assert.equal(readParameterSources([], { CREDENTIALS_DIRECTORY: directory })[0]?.text, 'swordfish');
  assert.deepEqual(readParameterSources([], { CREDENTIALS_DIRECTORY: '' }), [], 'an empty variable is none');
  for (const [path, reason] of [
    [join(directory, 'none'), /no such file or directory$/],
    [join(directory, 'psk'), /not a directory$/],
  ] as const)
    isRefused(() => readParameterSources([], { CREDENTIALS_DIRECTORY: path }), reason);
});

test('two sources for one parameter are refused, and both are named', (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'credentials'));
  writeFileSync(join(directory, 'credentials/heddle.param.PSK'), 'a\n');
  const credentials = { CREDENTIALS_DIRECTORY: join(directory, 'credentials') };
  const file = fileWith(t, 'swordfish\n');
  isRefused(
    () => readParameterSources(['PSK=x'], { HEDDLE_PARAM_PSK: 'y' }),
    /^the parameter PSK is given twice: from --param and from the variable HEDDLE_PARAM_PSK$/,
  );
  isRefused(
    () => readParameterSources([`PSK=@${file}`], credentials),
    /^the parameter PSK is given twice: from --param with the file .* and from the credential heddle\.param\.PSK$/,
  );
  isRefused(
    () => readParameterSources([], { HEDDLE_PARAM_PSK: 'y', ...credentials }),
    /^the parameter PSK is given twice: from the variable HEDDLE_PARAM_PSK and from the credential/,
  );
  isRefused(
    () => readParameterSources(['DirectRouting=true'], { HEDDLE_PARAM_DIRECT_ROUTING: 'false' }),
    /^the parameter DirectRouting is given twice/,
  );
  const twice = readParameterSources(['VNI=1', 'VNI=2'], {});
  assert.equal(twice.at(-1)?.text, '2', 'of two options the later counts');
});

const skip = process.geteuid?.() === 0 && 'root may read every directory';
test('credentials that cannot be read are refused', { skip }, (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0);
  try {
    isRefused(
      () => readParameterSources([], { CREDENTIALS_DIRECTORY: directory }),
      /^cannot read the directory .* \(CREDENTIALS_DIRECTORY\): permission denied$/,
    );
  } finally {
    chmodSync(directory, 0o700);
  }
});

test('a value is handed on as an operand that means the same', () => {
  for (const text of ['', 'abc', '@file', '@@x', 'a=b']) {
    assert.equal(valueOf(operandOf({ name: 'PSK', text, origin: '' })), text);
  }
});

test('the values of parameters are hidden in the process list, and names of files are not', () => {
  const shown = (line: string, secrets: string[] = []): string =>
    describeCommandLine(line.split(' '), secrets);
  assert.equal(
    shown('node heddle up --param PSK=swordfish --param VNI=1 --lease-ttl 1'),
    'node heddle up --param PSK=*** --param VNI=*** --lease-ttl 1',
  );
  assert.equal(shown('heddle up --param=PSK=a=b -param X=y'), 'heddle up --param=PSK=*** -param X=***');
  assert.equal(shown('heddle up --param PSK=@/etc/psk'), 'heddle up --param PSK=@/etc/psk');
  assert.equal(shown('heddle up --param PSK=@@x'), 'heddle up --param PSK=***');
  assert.equal(
    shown('heddle up --etcd-password hunter2 --param A=hunter2', ['hunter2']),
    'heddle up --etcd-password *** --param A=***',
  );
});
