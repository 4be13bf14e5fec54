import assert from 'node:assert/strict';
import { chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { codeCacheFile, readCodeCache, writeCodeCache } from '../../../src/host/files/code-cache.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { reasonToSkip } from '../harness/needs.ts';

test(
  'compiled code is not read if it or its directory belongs to another user',
  { skip: reasonToSkip() },
  async (t) => {
    const bundle = { uid: 0, mtimeMs: 1_700_000_000_000.5 };
    const code = Buffer.from('compiled code');
    const file = codeCacheFile(join(temporaryDirectory(t), 'bundle-1.cjs'), 'up');
    writeCodeCache(file, bundle, code);
    assert.deepEqual(readCodeCache(file, bundle), code);
    await chown(file, 1000, 1000);
    assert.equal(readCodeCache(file, bundle), undefined);
    await chown(file, 0, 0);
    await chown(dirname(file), 1000, 1000);
    assert.equal(readCodeCache(file, bundle), undefined);
    assert.equal(readCodeCache(file, { ...bundle, uid: 1000 }), undefined);
  },
);
