import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { reasonToSkip } from '../harness/needs.ts';

const trial = fileURLToPath(new URL('trial.ts', import.meta.url));
const node = [process.execPath, '--import', 'tsx', trial];
const nobody = '65534';

interface Result {
  readonly ended: 'well' | 'badly';
  readonly message: string;
  readonly retryable: boolean;
  readonly hint: string;
}

async function run(command: readonly string[], environment: Record<string, string> = {}): Promise<Result> {
  const [program = '', ...args] = command;
  const { stdout } = await execa(program, args, { env: environment });
  return JSON.parse(stdout) as Result;
}

/** Tries a store on a mount that nobody else sees: root may write anywhere but where a mount forbids it. */
function runOnMount(directory: string, mount: string): Promise<Result> {
  const script = `${mount} && shift && exec "$@"`;
  return run(['unshare', '--mount', 'sh', '-euc', script, 'sh', directory, ...node, directory]);
}

/** A directory that others may look into. */
function makeDirectory(t: TestContext): string {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  return directory;
}

const options = { skip: reasonToSkip(), timeout: 60_000 };

describe('a store directory that cannot be written is refused in one sentence', options, () => {
  test('because its file system is mounted read-only', async (context) => {
    const directory = makeDirectory(context);
    for (const prepared of ['', 'mkdir "$1/subnets" && ']) {
      const result = await runOnMount(
        directory,
        `mount -t tmpfs none "$1" && ${prepared}mount -o remount,ro "$1"`,
      );
      assert.deepEqual(result, {
        ended: 'badly',
        message: `cannot use the store directory ${directory}: the file system is mounted read-only (EROFS)`,
        retryable: false,
        hint: 'mount it for writing, or use another directory',
      });
    }
  });

  test('because no space is left', async (context) => {
    const directory = makeDirectory(context);
    const result = await runOnMount(
      directory,
      'mount -t tmpfs -o size=8k none "$1" && mkdir "$1/subnets" && head -c 8192 /dev/zero >"$1/full"',
    );
    assert.deepEqual(result, {
      ended: 'badly',
      message: `cannot create the lease 10.50.7.0-24 in ${directory}/subnets: no space is left on the file system (ENOSPC)`,
      retryable: false,
      hint: 'free some space there',
    });
  });

  test('because it is another’s', async (context) => {
    const directory = makeDirectory(context);
    const result = await run([...node, directory, nobody]);
    assert.equal(result.message, `cannot use the store directory ${directory}: permission denied (EACCES)`);
    assert.equal(result.retryable, false);
    assert.match(result.hint, /owner/);
    assert.deepEqual(await readdir(directory), []);
  });

  test('and one that may be written is not', async (context) => {
    const directory = makeDirectory(context);
    const own = join(directory, 'own');
    await mkdir(own);
    await chown(own, Number(nobody), Number(nobody));
    assert.deepEqual(await run([...node, own, nobody]), { ended: 'well' });
  });

  test('because flock(1) is missing', async (context) => {
    const directory = makeDirectory(context);
    const result = await run([...node, directory], { PATH: '/nonexistent' });
    assert.equal(result.message, 'cannot lock the store, because flock(1) cannot be run');
    assert.equal(result.retryable, false);
    assert.match(result.hint, /util-linux/);
  });
});
