import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

import { openFilesStore } from '../../src/store/files/store.ts';
import { compileForProcesses } from './compile.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const value = '{"PublicIP":"172.30.0.1","PublicIPv6":null}';

/** A process that says `ready`, waits for its standard input to end, and then prints lines. */
class Worker {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    assert.ok(this.child.stdout);
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    assert.equal((await this.#lines.next()).value, 'ready');
  }

  go(): void {
    this.child.stdin?.end();
  }

  async results(): Promise<string[]> {
    const results: string[] = [];
    for (let line = await this.#lines.next(); line.done !== true; line = await this.#lines.next()) {
      results.push(line.value);
    }
    return results;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

describe('processes that share a directory', () => {
  const temporary = temporaryDirectory({ after });
  let acquirer: string;
  let holder: string;

  before(async () => {
    acquirer = await compileForProcesses('test/store/acquirer.ts', join(temporary, 'acquirer'));
    holder = await compileForProcesses('test/store/lock-holder.ts', join(temporary, 'holder'));
  });

  async function acquireAll(name: string, processes: number, each: number): Promise<void> {
    const directory = join(temporary, name);
    const workers = Array.from({ length: processes }, (_, index) => {
      const addresses = Array.from({ length: each }, (_, of) => `172.30.${index}.${of + 1}`);
      return new Worker([acquirer, directory, ...addresses]);
    });
    try {
      await Promise.all(workers.map((worker) => worker.ready()));
      for (const worker of workers) worker.go();
      const keys = (await Promise.all(workers.map((worker) => worker.results()))).flat();
      assert.equal(keys.length, processes * each);
      assert.equal(new Set(keys).size, processes * each);
      assert.deepEqual((await readdir(join(directory, 'subnets'))).sort(), keys.sort());
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
  }

  test('fifty of them get fifty different subnets of fifty', { timeout: 120_000 }, () =>
    acquireAll('fifty', 50, 1),
  );

  test('ten of them with five acquirers each do so too', { timeout: 120_000 }, () =>
    acquireAll('ten', 10, 5),
  );

  test('one that is killed while it holds the lock delays nobody', { timeout: 60_000 }, async () => {
    const directory = join(temporary, 'killed');
    const store = await openFilesStore(directory);
    const worker = new Worker([holder, join(directory, '.lock')]);
    try {
      await worker.ready();
      const created = store.create('10.50.7.0-24', value, 600);
      const first = await Promise.race([created, readAfterWait()]);
      assert.equal(first, 'still waiting');
      await worker.kill();
      assert.ok((await created) !== 'taken');
    } finally {
      await worker.kill();
      await store.close();
    }
  });

  test('one that is killed while it waits for the lock never gets it', { timeout: 60_000 }, async () => {
    const directory = join(temporary, 'waiting');
    const store = await openFilesStore(directory);
    const first = new Worker([holder, join(directory, '.lock')]);
    const second = new Worker([holder, join(directory, '.lock')]);
    try {
      await Promise.race([first.ready(), second.ready()]);
      await Promise.all([first.kill(), second.kill()]);
      assert.ok((await store.create('10.50.7.0-24', value, 600)) !== 'taken');
    } finally {
      await Promise.all([first.kill(), second.kill()]);
      await store.close();
    }
  });
});

/** Long enough to see a lock that does not lock; one that does can only make this come first. */
async function readAfterWait(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  return 'still waiting';
}
