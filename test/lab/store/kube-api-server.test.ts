import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { findKubeApiServer } from '../../../src/lab/inside/store/kubernetes/find-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** A cache, and a directory on PATH, with files of mode 0755 unless another is given. */
function layOut(t: TestContext, files: Readonly<Record<string, number>>): (path?: string) => string {
  const root = temporaryDirectory(t);
  for (const [name, mode] of Object.entries(files)) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, mode);
  }
  return (path = '/nonexistent') =>
    findKubeApiServer(path.replace('ROOT', root), { XDG_CACHE_HOME: root }).replace(root, '');
}

test('an API server on PATH comes before one that was built', (t) => {
  const find = layOut(t, { 'bin/kube-apiserver': 0o755, 'heddle/kubernetes-1.34.2/kube-apiserver': 0o755 });
  assert.equal(find('ROOT/bin'), 'kube-apiserver');
  assert.equal(find(), '/heddle/kubernetes-1.34.2/kube-apiserver');
});

test('the newest API server that can run is taken, by the numbers of its version', (t) => {
  const find = layOut(t, {
    'heddle/kubernetes-1.9.11/kube-apiserver': 0o755,
    'heddle/kubernetes-1.34.2/kube-apiserver': 0o755,
    'heddle/kubernetes-1.34.10/kube-apiserver': 0o755,
    'heddle/kubernetes-1.35.0/kube-apiserver': 0o644,
    'heddle/kubernetes-1.36.0/kubectl': 0o755,
  });
  assert.equal(find(), '/heddle/kubernetes-1.34.10/kube-apiserver');
});

test('without an API server, the failure says how to build one', (t) => {
  for (const files of [{}, { 'heddle/kubernetes-1.34.2/kubectl': 0o755 }]) {
    const find = layOut(t, files);
    assert.throws(
      () => find(),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.kind, 'prerequisite');
        assert.match(
          error.message,
          /^--store kubernetes needs the program kube-apiserver, which is not on PATH/,
        );
        assert.match(error.hint ?? '', /npm run setup -- --kubernetes/);
        return true;
      },
    );
  }
});
