import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCniTemplate } from '../../../src/daemon/setup/cni-template.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { ConfigMapVolume } from '../../support/config-map-volume.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const template = '{"name": "cbr0", "plugins": [{"type": "flannel"}]}';

function refusalOf(path: string): Failure {
  try {
    loadCniTemplate(path);
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'recipe');
    return error;
  }
  return assert.fail('the template is accepted');
}

test('a template in the volume of a ConfigMap, which is a link, is read', (t) => {
  const volume = new ConfigMapVolume(join(temporaryDirectory(t), 'volume'));
  volume.write({ 'cni-conf.json': template });
  assert.equal(loadCniTemplate(join(volume.path, 'cni-conf.json')).source.text, template);
});

for (const [what, make, why] of [
  ['is missing', () => undefined, 'no such file or directory'],
  ['is a directory', (path: string) => mkdirSync(path), 'it is not a regular file'],
  ['is a FIFO', (path: string) => execFileSync('mkfifo', [path]), 'it is not a regular file'],
  [
    'is too large',
    (path: string) => writeFileSync(path, template.padEnd(1024 * 1024 + 1)),
    'it is larger than 1048576 bytes',
  ],
  [
    'is not UTF-8',
    (path: string) => writeFileSync(path, Buffer.from(template.replace('cbr0', '\xff'), 'latin1')),
    'it is not UTF-8',
  ],
] as const) {
  test(`a template that ${what} is refused with its path`, (t) => {
    const path = join(temporaryDirectory(t), 'cni-conf.json');
    make(path);
    assert.equal(refusalOf(path).message, `the CNI template ${path} cannot be read: ${why}`);
  });
}

test('a template with mistakes is refused with all of them, each at its place', (t) => {
  const path = join(temporaryDirectory(t), 'cni-conf.json');
  writeFileSync(path, '{"name": "a b",\n "plugins": [{"type": "bridge"}]}');
  const { message, diagnostics } = refusalOf(path);
  assert.equal(message, `${path} was refused: 2 errors`);
  assert.deepEqual(
    diagnostics.map(({ code, source }) => [code, source.name]),
    [
      ['malformed-value', path],
      ['missing-key', path],
    ],
  );
});
