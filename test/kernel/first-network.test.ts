import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { Daemon, startDaemon, upCommand } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const options = { skip: reasonToSkip() };

function argumentsOf(store: StoreDirectory, type: string, backend: object = {}): readonly string[] {
  const recipe = { Network: '10.50.0.0/16', Backend: { Type: type, ...backend } };
  return ['--recipe', store.recipe(type, recipe), '--store-dir', store.path];
}

const typeIn = (store: StoreDirectory): unknown => {
  const { config } = store.content();
  return config === undefined
    ? undefined
    : (JSON.parse(config) as { readonly Backend: { readonly Type: string } }).Backend.Type;
};

/** Two hosts and a store, gone when the test is over. */
async function twoHosts(t: TestContext): Promise<{ first: Host; second: Host; store: StoreDirectory }> {
  const set = await startHosts([1, 1]);
  t.after(() => set.close());
  const [first, second] = set.hosts;
  assert.ok(first && second);
  return { first, second, store: new StoreDirectory(t) };
}

/** Holds a command up until the file `go` is in the state directory; then it ends with that file's text as its status. */
const gate = 'until [ -s go ]; do sleep 0.01; done; exit $(cat go)';
const open = (host: Host, status: number): Promise<string> =>
  host.sh(`echo ${status} >/run/state/draft; mv /run/state/draft /run/state/go`);

describe('a first start of which nothing comes', options, () => {
  for (const command of ['PreStartupCommand', 'PostStartupCommand']) {
    test(`leaves no network configuration that a later one would be bound by: ${command}`, async (t) => {
      const { host, store } = await oneHost(t);
      const failed = await host.run(upCommand(argumentsOf(store, 'warped', { [command]: 'exit 3' })));
      assert.equal(failed.exitCode, exitCodes.command, failed.stderr);
      assert.equal(typeIn(store), undefined);
      const daemon = await startDaemon(host, argumentsOf(store, 'straight'));
      assert.equal(typeIn(store), 'straight');
      await daemon.stop();
      assert.equal(typeIn(store), 'straight', 'what was in use stays');
    });
  }

  test('nor does one that is told to stop before it has a lease, or that finds another daemon', async (t) => {
    const { host, store } = await oneHost(t);
    const daemon = new Daemon(host, argumentsOf(store, 'warped', { PreStartupCommand: gate }));
    await daemon.until('state', ({ to }) => to === 'pre-startup');
    assert.equal(typeIn(store), 'warped');
    const elsewhere = new StoreDirectory(t);
    const refused = await host.run(upCommand(argumentsOf(elsewhere, 'straight')));
    assert.equal(refused.exitCode, exitCodes['already-running'], refused.stderr);
    assert.equal(typeIn(elsewhere), undefined);
    await daemon.stop();
    assert.equal(typeIn(store), undefined);
  });

  test('takes away none that somebody has a lease by', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.99.0/24', '172.30.1.99', { BackendType: 'warped' });
    const args = argumentsOf(store, 'warped', { PreStartupCommand: 'exit 3' });
    assert.equal((await host.run(upCommand(args))).exitCode, exitCodes.command);
    assert.equal(typeIn(store), 'warped');
  });
});

describe('if one of two nodes that begin with one recipe fails', options, () => {
  const beginTogether = async (t: TestContext) => {
    const { first, second, store } = await twoHosts(t);
    const args = argumentsOf(store, 'shared', { PreStartupCommand: gate });
    const begin = async (host: Host): Promise<Daemon> => {
      const daemon = new Daemon(host, args);
      await daemon.until('state', ({ to }) => to === 'pre-startup');
      return daemon;
    };
    const failing = await begin(first);
    const other = await begin(second);
    await open(first, 3);
    assert.equal((await failing.ended).exitCode, exitCodes.command);
    assert.equal(typeIn(store), undefined);
    return { first, second, store, other };
  };

  test('the other comes up, with the configuration in the store', async (t) => {
    const { second, store, other } = await beginTogether(t);
    await open(second, 0);
    await other.until('ready');
    assert.equal(typeIn(store), 'shared');
    await other.stop();
  });

  test('the other gives way to a third that was faster with another recipe', async (t) => {
    const { first, second, store, other } = await beginTogether(t);
    const third = await startDaemon(first, argumentsOf(store, 'third'));
    await open(second, 0);
    const { exitCode, stderr } = await other.ended;
    assert.match(
      stderr,
      /^heddle: the network configuration in the files in \S+ changed while this node started\n {2}start the node again$/,
    );
    assert.equal(exitCode, exitCodes.store);
    assert.equal(typeIn(store), 'third');
    assert.equal(store.subnets().length, 1);
    await third.stop();
  });
});
