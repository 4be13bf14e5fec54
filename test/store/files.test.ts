import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { execFile as execFileWithCallback } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

import { openFilesStore, type FilesStoreOptions } from '../../src/store/files/store.ts';
import { CursorLostError, StoreError, type LeaseStore } from '../../src/store/store.ts';
import { describeStoreContract, type StoreBed } from '../contract/store.ts';
import { ManualClock } from './manual-clock.ts';
import { WatchProbe } from './watch-probe.ts';
import { until } from '../support/until.ts';
import { TemporaryDirectory } from '../support/temporary-directory.ts';

const execFile = promisify(execFileWithCallback);

/** A store directory of its own, and a clock that stands still. */
class FilesBed implements StoreBed {
  readonly clock = new ManualClock();
  readonly directory: string;
  readonly subnets: string;
  readonly #temporary = new TemporaryDirectory();
  readonly #stores: LeaseStore[] = [];

  constructor() {
    this.directory = join(this.#temporary.path, 'store');
    this.subnets = join(this.directory, 'subnets');
  }

  async open(options: FilesStoreOptions = {}): Promise<LeaseStore> {
    const store = await openFilesStore(this.directory, {
      clock: this.clock,
      fileTime: () => this.clock.now(),
      ...options,
    });
    this.#stores.push(store);
    return store;
  }

  now(): number {
    return this.clock.now();
  }

  letPass(seconds: number): Promise<void> {
    this.clock.advance(seconds * 1000);
    return Promise.resolve();
  }

  async spoil(key: string, text: string): Promise<void> {
    await mkdir(this.subnets, { recursive: true });
    await writeFile(join(this.subnets, key), text);
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    this.#temporary.remove();
  }
}

describeStoreContract('files', () => Promise.resolve(new FilesBed()));

const key = '10.50.7.0-24';
const value = '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"host-gw"}';
const otherValue = '{"PublicIP":"172.30.0.2","PublicIPv6":null,"BackendType":"host-gw"}';

function withBed(title: string, body: (bed: FilesBed) => Promise<void>): void {
  test(title, { timeout: 60_000 }, async () => {
    const bed = new FilesBed();
    try {
      await body(bed);
    } finally {
      await bed.destroy();
    }
  });
}

async function probe(store: LeaseStore): Promise<WatchProbe> {
  return new WatchProbe(store, (await store.list()).cursor);
}

/** Resolves once the watch has caught up: it tells of a change made now. */
async function catchUp(watch: WatchProbe, store: LeaseStore): Promise<void> {
  const marker = `10.99.${watch.changes.length % 256}.0-24`;
  await store.create(marker, value, undefined);
  await watch.until(() => watch.keys.includes(`+${marker}`));
}

describe('the directory of a files store', () => {
  withBed('holds flannel’s value, its expiry, and nothing that is half written', async (bed) => {
    const store = await bed.open();
    await store.createNetwork('{"Network":"10.50.0.0/16"}');
    await store.create(key, value, 60);
    await store.create('10.50.8.0-24', value, undefined);
    assert.deepEqual((await readdir(bed.directory)).sort(), ['.lock', 'config', 'subnets']);
    assert.deepEqual((await readdir(bed.subnets)).sort(), [key, '10.50.8.0-24']);
    const text = await readFile(join(bed.subnets, key), 'utf8');
    assert.match(
      text,
      /^\{"PublicIP":"172\.30\.0\.1","PublicIPv6":null,"BackendType":"host-gw","Expiration":"2026-01-31T12:01:00\.000Z","Revision":"[\w-]{12}"\}\n$/,
    );
    const reservation = await readFile(join(bed.subnets, '10.50.8.0-24'), 'utf8');
    assert.ok(!reservation.includes('Expiration'));
  });

  withBed(
    'holds a network configuration that only its owner can read, because it may have a secret',
    async (bed) => {
      const store = await bed.open();
      const config = join(bed.directory, 'config');
      await store.createNetwork('{"Network":"10.50.0.0/16"}');
      assert.equal((await stat(config)).mode & 0o777, 0o600);
      await chmod(config, 0o644);
      await store.writeNetwork('{"Network":"10.51.0.0/16"}');
      assert.equal((await stat(config)).mode & 0o777, 0o600);
      await store.create(key, value, 60);
      assert.equal((await stat(join(bed.subnets, key))).mode & 0o777, 0o644);
    },
  );

  withBed('is its owner’s alone when it is made, and taken as it is when it is there', async (bed) => {
    await bed.open();
    assert.equal((await stat(bed.directory)).mode & 0o777, 0o700);
    await chmod(bed.directory, 0o755);
    await bed.open();
    assert.equal((await stat(bed.directory)).mode & 0o777, 0o755);
  });

  for (const [title, isKnown] of [
    ['a node whose clock is two weeks ahead', true],
    ['a node whose clock is two weeks ahead and that cannot compare it at first', false],
  ] as const) {
    withBed(`does not lose a valid lease to ${title}`, async (bed) => {
      const [dayMs, ended] = [24 * 3_600_000, '10.50.8.0-24'];
      const right = await bed.open();
      await right.create(key, value, 86_400);
      const expiration = new Date(bed.now() - 8 * dayMs).toISOString();
      await bed.spoil(ended, `${value.slice(0, -1)},"Expiration":"${expiration}"}`);
      const clock = new ManualClock();
      clock.advance(14 * dayMs);
      let canCompare: boolean = isKnown;
      const fast = await bed.open({ clock, fileTime: () => (canCompare ? bed.now() : undefined) });
      await using watch = await probe(fast);
      await catchUp(watch, fast);
      const files = async (): Promise<readonly string[]> =>
        (await readdir(bed.subnets)).filter((name) => name.startsWith('10.50')).sort();
      if (!isKnown) assert.deepEqual(await files(), [key, ended]);
      canCompare = true;
      await until('the file of the lease that ended long ago to be removed', async () => {
        // The next look at everything.
        clock.advance(10_000);
        return !(await files()).includes(ended);
      });
      await catchUp(watch, fast);
      assert.deepEqual(await files(), [key]);
    });
  }

  withBed('keeps the file of a lease for a week after its end, and loses it then', async (bed) => {
    const [day, other] = [24 * 3600, '10.50.8.0-24'];
    const store = await bed.open();
    await store.create(key, value, 60);
    await store.create(other, value, 30 * day);
    await using watch = await probe(store);
    await catchUp(watch, store);
    const files = async (): Promise<readonly string[]> =>
      (await readdir(bed.subnets)).filter((name) => name.startsWith('10.50')).sort();
    bed.clock.advance(61_000);
    await watch.until(() => watch.keys.includes(`-${key}`));
    bed.clock.advance(6 * day * 1000);
    await catchUp(watch, store);
    assert.deepEqual(await files(), [key, other]);
    bed.clock.advance(day * 1000);
    await until('the file to be removed', async () => {
      // The next look at everything.
      bed.clock.advance(10_000);
      return (await files()).length === 1;
    });
    assert.deepEqual(await files(), [other]);
  });

  withBed('survives what a killed writer left', async (bed) => {
    const store = await bed.open();
    await store.create(key, value, undefined);
    // As if killed between the link and the removal of the draft: both names are one file.
    await link(join(bed.subnets, key), join(bed.directory, '.draft'));
    await store.create('10.50.8.0-24', otherValue, undefined);
    const records = (await store.list()).records;
    assert.deepEqual(
      records.map((record) => record.value),
      [value, otherValue],
    );
    assert.ok(!(await readdir(bed.directory)).includes('.draft'));
  });

  withBed('removes drafts of configurations that killed writers left, once they are old', async (bed) => {
    await bed.open();
    const [old, fresh] = ['.draft-old', '.draft-fresh'].map((name) => join(bed.directory, name));
    assert.ok(old !== undefined && fresh !== undefined);
    await writeFile(old, '{');
    await writeFile(fresh, '{');
    await utimes(old, new Date(0), new Date(0));
    const later = await bed.open();
    assert.deepEqual(
      (await readdir(bed.directory)).filter((name) => name.startsWith('.draft')),
      ['.draft-fresh'],
    );
    assert.equal(await later.createNetwork('{}'), '{}');
  });
});

describe('leases written by hand', () => {
  withBed('are seen: an operator’s reservation, its change, its removal', async (bed) => {
    const store = await bed.open();
    await using watch = await probe(store);
    const path = join(bed.subnets, key);
    await writeFile(path, '{\n  "PublicIP": "172.30.0.1"\n}\n');
    await watch.until(() => watch.state.has(key));
    assert.equal(watch.state.get(key), '{"PublicIP":"172.30.0.1"}');
    assert.equal((await store.list()).records[0]?.expiresAt, undefined);

    await writeFile(path, '{"PublicIP":"172.30.0.2"}');
    await watch.until(() => watch.state.get(key) === '{"PublicIP":"172.30.0.2"}');
    await copyFile(path, join(bed.subnets, '10.50.8.0-24'));
    await watch.until(() => watch.state.has('10.50.8.0-24'));
    await rm(path);
    await watch.until(() => !watch.state.has(key));
    await rename(join(bed.subnets, '10.50.8.0-24'), path);
    await watch.until(() => watch.state.has(key) && !watch.state.has('10.50.8.0-24'));
  });

  withBed('are seen when written over in place with the same length at the same moment', async (bed) => {
    const store = await bed.open();
    const path = join(bed.subnets, key);
    const moment = new Date();
    for (const [text, expected] of [
      [value, value],
      [otherValue, otherValue],
    ] as const) {
      await writeFile(path, text);
      await utimes(path, moment, moment);
      assert.equal((await store.list()).records[0]?.value, expected);
    }
  });

  withBed('end right after being deleted and made again in quick succession', async (bed) => {
    const store = await bed.open();
    await using watch = await probe(store);
    const path = join(bed.subnets, key);
    for (let round = 0; round < 50; round += 1) {
      await writeFile(path, value);
      await rm(path);
      await writeFile(`${path}~`, `{"PublicIP":"172.30.1.${round}"}`);
      await rename(`${path}~`, path);
    }
    await watch.until(() => watch.state.get(key) === '{"PublicIP":"172.30.1.49"}');
    await rm(path);
    await watch.until(() => !watch.state.has(key));
  });

  withBed('belong to whoever replaces them as any other', async (bed) => {
    const store = await bed.open();
    await writeFile(join(bed.subnets, key), '{"PublicIP":"172.30.0.1","Expiration":"2026-01-31T12:01:00Z"}');
    const record = (await store.list()).records[0];
    assert.equal(record?.expiresAt, bed.now() + 60_000);
    assert.ok((await store.replace(record, value, 600)) !== 'gone');
    await appendFile(join(bed.subnets, key), ' ');
    const changed = (await store.list()).records[0];
    assert.ok(changed !== undefined && changed.revision !== record.revision);
  });
});

describe('what is not a lease', () => {
  const faults: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
    ['10.50.1.0-24', '', /is empty/],
    ['10.50.2.0-24', '{"PublicIP":"172.30', /does not contain one complete JSON object/],
    ['10.50.3.0-24', '[1]', /does not contain one complete JSON object/],
    ['10.50.4.0-24', '{"Expiration":"tomorrow"}', /Expiration that is not a time/],
    ['10.50.4.0-25', '{"Expiration":null}', /Expiration that is not a time/],
    ['10.50.5.0-24', `{"a":"${'x'.repeat(70_000)}"}`, /larger than 65536 bytes/],
    ['10.50.6.0-24', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, /nested too deeply/],
    ['10.50.7.1-32', value, /does not have the name of a lease/],
    ['README', 'hello', /does not have the name of a lease/],
  ];

  withBed('is reported with its place and the reason, and passed over', async (bed) => {
    const store = await bed.open();
    for (const [name, text] of faults) await writeFile(join(bed.subnets, name), text);
    await mkdir(join(bed.subnets, '10.50.10.0-24'));
    await symlink('/etc/passwd', join(bed.subnets, '10.50.11.0-24'));
    await writeFile(join(bed.subnets, '.10.50.7.0-24.swp'), 'x');
    await writeFile(join(bed.subnets, '10.50.7.0-24~'), value);
    await writeFile(join(bed.subnets, key), value);
    const listing = await store.list();
    assert.deepEqual(
      listing.records.map((record) => record.key),
      [key],
    );
    const reasons = new Map(listing.faults.map(({ where, reason }) => [where, reason]));
    for (const [name, , reason] of faults) assert.match(reasons.get(join(bed.subnets, name)) ?? '', reason);
    assert.match(reasons.get(join(bed.subnets, '10.50.10.0-24')) ?? '', /not a regular file/);
    assert.match(reasons.get(join(bed.subnets, '10.50.11.0-24')) ?? '', /symbolic link/);
    assert.equal(reasons.size, faults.length + 2);
  });

  withBed('is told of once, while it stays as it is, and only after it had time to settle', async (bed) => {
    const store = await bed.open();
    await using watch = await probe(store);
    await catchUp(watch, store);
    const path = join(bed.subnets, key);
    await writeFile(path, '{"Pub');
    await catchUp(watch, store);
    assert.ok(!watch.keys.includes(`!${path}`));
    bed.clock.advance(100);
    await watch.until(() => watch.keys.includes(`!${path}`));
    await writeFile(path, '{"Publ');
    await catchUp(watch, store);
    bed.clock.advance(30_000);
    await catchUp(watch, store);
    assert.equal(watch.keys.filter((told) => told === `!${path}`).length, 1);
    await writeFile(path, value);
    await watch.until(() => watch.state.get(key) === value);
  });

  withBed('is taken when someone wants to create it, and never overwritten', async (bed) => {
    const store = await bed.open();
    await writeFile(join(bed.subnets, key), '{"Pub');
    assert.equal(await store.create(key, value, 60), 'taken');
    assert.equal(await readFile(join(bed.subnets, key), 'utf8'), '{"Pub');
  });

  withBed('ends no lease before its time when it takes the lease’s place', async (bed) => {
    const store = await bed.open();
    await store.create(key, value, 60);
    await using watch = await probe(store);
    await catchUp(watch, store);
    await writeFile(join(bed.subnets, key), '');
    await catchUp(watch, store);
    bed.clock.advance(200);
    await watch.until(() => watch.keys.some((told) => told.startsWith('!')));
    assert.ok(!watch.keys.includes(`-${key}`));
    bed.clock.advance(60_000);
    await watch.until(() => watch.keys.includes(`-${key}`));
  });
});

describe('a change that the kernel does not report', () => {
  withBed('is noticed by the next look at everything', async (bed) => {
    const store = await bed.open({ rescanMs: 10_000 });
    await store.create(key, value, undefined);
    await using watch = await probe(store);
    await catchUp(watch, store);
    // In place and through another name: inotify tells of it only under the name it was opened by.
    const alias = join(bed.directory, 'alias');
    await link(join(bed.subnets, key), alias);
    await catchUp(watch, store);
    await writeFile(alias, otherValue);
    await catchUp(watch, store);
    assert.equal(watch.state.get(key), undefined);
    bed.clock.advance(10_000);
    await watch.until(() => watch.state.get(key) === otherValue);
  });
});

describe('when the directory goes', () => {
  withBed('while it is watched, the watch ends as an outage and no lease is called removed', async (bed) => {
    const store = await bed.open();
    await store.create(key, value, undefined);
    const watch = await probe(store);
    await catchUp(watch, store);
    await rename(bed.directory, `${bed.directory}.away`);
    const error = await watch.ended;
    assert.ok(error instanceof StoreError && error.retryable);
    assert.match(error.message, /subnets: the directory does not exist \(ENOENT\)/);
    assert.ok(!watch.keys.includes(`-${key}`));
    await assert.rejects(store.list(), (failure) => failure instanceof StoreError && failure.retryable);
    await assert.rejects(
      store.readNetwork(),
      (failure) => failure instanceof StoreError && failure.retryable,
    );
    await assert.rejects(store.create(key, value, 60), (failure) => failure instanceof StoreError);

    await rename(`${bed.directory}.away`, bed.directory);
    assert.equal((await store.list()).records.length, 2);
  });

  withBed('and another takes its place, the cursor is lost', async (bed) => {
    const store = await bed.open();
    const watch = await probe(store);
    await catchUp(watch, store);
    await mkdir(join(bed.directory, 'new'));
    await rename(bed.subnets, join(bed.directory, 'old'));
    await rename(join(bed.directory, 'new'), bed.subnets);
    const error = await watch.ended;
    assert.ok(error instanceof CursorLostError || (error instanceof StoreError && error.retryable));
    await using again = await probe(store);
    await catchUp(again, store);
  });

  withBed('and is made again before the watch begins, the cursor is lost', async (bed) => {
    const store = await bed.open();
    await store.create(key, value, undefined);
    const { cursor } = await store.list();
    await rename(bed.subnets, join(bed.directory, 'old'));
    await mkdir(bed.subnets);
    assert.ok((await new WatchProbe(store, cursor).ended) instanceof CursorLostError);
  });
});

describe('a store that cannot be used', () => {
  withBed('because a file stands in its place', async (bed) => {
    await writeFile(bed.directory, '');
    await assert.rejects(bed.open(), (error) => {
      assert.ok(error instanceof StoreError && !error.retryable);
      assert.match(
        error.message,
        /^cannot use the store directory .*\/store: .*not a directory \((ENOTDIR|EEXIST)\)$/,
      );
      return true;
    });
  });

  withBed('for reading only, because it is not there', async (bed) => {
    await assert.rejects(
      bed.open({ mode: 'read-only' }),
      /^StoreError: the directory .* does not contain a store/,
    );
  });

  withBed('for writing, because it was opened for reading', async (bed) => {
    await (await bed.open()).create(key, value, undefined);
    const reader = await bed.open({ mode: 'read-only' });
    assert.equal((await reader.list()).records.length, 1);
    await assert.rejects(reader.create('10.50.8.0-24', value, 60), /opened only for reading/);
  });

  withBed('with a key that is none, or a value that is none', async (bed) => {
    const store = await bed.open();
    for (const wrong of ['../config', '', '10.50.7.1-32', 'x/y']) {
      await assert.rejects(store.create(wrong, value, 60), /is not a lease’s key/);
    }
    for (const wrong of ['', 'null', '[]', '{"a"']) {
      await assert.rejects(store.create(key, wrong, 60), /is not a JSON object/);
    }
    await assert.rejects(store.create(key, `{"a":"${'x'.repeat(70_000)}"}`, 60), /larger than 65536 bytes/);
    assert.deepEqual(await readdir(bed.subnets), []);
  });
});

describe('a files store that others can write to', () => {
  const put: readonly [what: string, put: (path: string) => Promise<unknown>, reason: RegExp][] = [
    ['a FIFO', (path) => execFile('mkfifo', [path]), /is not a regular file$/],
    ['a link to a file', (path) => symlink('/etc/passwd', path), /is a symbolic link$/],
    ['a link to a device', (path) => symlink('/dev/zero', path), /is a symbolic link$/],
    ['a link to nothing', (path) => symlink(`${path}.nowhere`, path), /is a symbolic link$/],
    ['a directory', (path) => mkdir(path), /is not a regular file$|is a directory$/],
  ];
  const isRefused = (reason: RegExp) => (error: unknown) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.match(error.message, reason);
    return true;
  };

  for (const [what, putThere, reason] of put) {
    withBed(`refuses ${what} for the network configuration`, async (bed) => {
      const store = await bed.open();
      await putThere(join(bed.directory, 'config'));
      await assert.rejects(store.readNetwork(), isRefused(reason));
      await assert.rejects(store.createNetwork('{}'), isRefused(reason));
    });

    withBed(`refuses ${what} for the lock`, async (bed) => {
      const store = await bed.open();
      const lock = join(bed.directory, '.lock');
      await putThere(lock);
      await assert.rejects(store.create(key, value, 60), isRefused(reason));
      await assert.rejects(stat(`${lock}.nowhere`), { code: 'ENOENT' });
    });
  }

  withBed('refuses a network configuration that is too large', async (bed) => {
    const store = await bed.open();
    await writeFile(join(bed.directory, 'config'), ' '.repeat((1 << 20) + 1));
    await assert.rejects(store.readNetwork(), isRefused(/is larger than 1048576 bytes$/));
  });

  withBed('writes nothing where a link in place of its directory leads', async (bed) => {
    const store = await bed.open();
    const created = await store.create(key, value, 60);
    assert.ok(created !== 'taken');
    const elsewhere = join(bed.directory, 'elsewhere');
    await rename(bed.subnets, elsewhere);
    await symlink(elsewhere, bed.subnets);
    const before = await readFile(join(elsewhere, key), 'utf8');
    const refused = isRefused(/subnets is a symbolic link$/);
    await assert.rejects(store.replace(created, value, 60), refused);
    await assert.rejects(store.remove(created), refused);
    await assert.rejects(store.create('10.50.9.0-24', value, 60), refused);
    await assert.rejects(store.list(), refused);
    await assert.rejects(bed.open(), refused);
    assert.equal(await readFile(join(elsewhere, key), 'utf8'), before);
    assert.deepEqual(await readdir(elsewhere), [key]);
  });

  withBed('lets nobody hold its lock who cannot write to it', async (bed) => {
    const store = await bed.open();
    const lock = join(bed.directory, '.lock');
    await writeFile(lock, '');
    await chmod(lock, 0o644);
    await store.create(key, value, 60);
    assert.equal((await stat(lock)).mode & 0o777, 0o600);
    await chmod(bed.directory, 0o770);
    await rm(lock);
    await store.create('10.50.9.0-24', value, 60);
    assert.equal((await stat(lock)).mode & 0o777 & ~0o060, 0o600);
  });
});
