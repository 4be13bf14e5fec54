import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { fileOverlay } from '../daemon/file-overlay.ts';
import { realInterface, withoutInterface } from '../daemon/interface.ts';
import { heddle } from '../kernel/lab-harness.ts';
import { EtcdServer } from '../store/etcd/server.ts';
import { startSilentServer, type SilentServer } from '../support/silent-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

/** A signal ends heddle within this time while no command runs, and on a machine that does other work as well. */
const longestEndMs = 5000;

let silent: Record<'mute' | 'blackHole', SilentServer>;
before(async () => {
  silent = { mute: await startSilentServer('mute'), blackHole: await startSilentServer('black hole') };
});
after(() => {
  silent.mute.close();
  silent.blackHole.close();
});

/** A directory with what a daemon needs. */
class Place {
  readonly directory: string;
  readonly recipe: string;
  readonly state: string;
  readonly store: string;

  constructor(t: TestContext) {
    this.directory = temporaryDirectory(t);
    this.recipe = join(this.directory, 'overlay.json');
    this.state = join(this.directory, 'state');
    this.store = join(this.directory, 'store');
    writeFileSync(this.recipe, JSON.stringify({ Network: '10.50.0.0/16', Backend: fileOverlay }));
    mkdirSync(this.state, { mode: 0o700 });
    mkdirSync(join(this.store, 'subnets'), { recursive: true, mode: 0o700 });
  }

  fifo(...path: string[]): string {
    const name = join(this.directory, ...path);
    execFileSync('mkfifo', ['-m', '600', name]);
    return name;
  }

  /** Holds a lock for as long as the test takes. */
  async lock(t: TestContext, ...path: string[]): Promise<void> {
    const name = join(this.directory, ...path);
    const holder = spawn('flock', [name, 'sh', '-c', 'echo held; exec sleep 300'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => process.kill(-(holder.pid ?? 0), 'SIGKILL'));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
  }

  /** A control socket that nobody listens to. */
  async deadSocket(): Promise<void> {
    const path = join(this.state, 'heddle.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    const server = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    await once(server, 'exit');
  }

  up(store: readonly string[] = ['--store-dir', this.store], recipe = this.recipe): string[] {
    const named = recipe === '' ? [] : ['--recipe', recipe];
    return [
      ...['up', ...named, ...store, '--state-dir', this.state, '--iface', realInterface ?? ''],
      ...['--subnet-file', join(this.directory, 'subnet.env')],
    ];
  }
}

interface Ran {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

function run(t: TestContext, args: readonly string[]): Ran {
  const child = spawn(process.execPath, [heddle, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  return { child, output: () => output, ended };
}

/** Sends a signal, and returns how the process ended. Fails if it does not. */
async function endBy(ran: Ran, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
  ran.child.kill(signal);
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), longestEndMs).unref());
  const end = await Promise.race([ran.ended, late]);
  assert.notEqual(end, 'late', `it lives on after ${signal}:\n${ran.output()}`);
  return end as number | NodeJS.Signals;
}

/** Whether a process waits: it has run for a while, and uses no time. */
async function untilItWaits({ child, output }: Ran): Promise<void> {
  const spent = (): string =>
    execFileSync('ps', ['-o', 'cputimes=,state=', '-p', String(child.pid)], { encoding: 'utf8' });
  let last = '';
  let quiet = 0;
  await until(
    'the process to wait',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const now = spent();
      quiet = now === last && now.includes('S') ? quiet + 1 : 0;
      last = now;
      return quiet >= 10;
    },
    output,
  );
}

interface Wait {
  /** Completes "a signal ends". */
  readonly what: string;
  readonly args: (place: Place, t: TestContext) => readonly string[] | Promise<readonly string[]>;
  /** What it has said when it waits; without it, it is watched until it does nothing. */
  readonly says?: RegExp;
  /** How a daemon that was told to stop ends: 0 unless given. */
  readonly exitCode?: number | 'signal';
}

const etcd = (server: SilentServer): string[] => ['--etcd-endpoints', server.endpoint];

const daemonWaits: readonly Wait[] = [
  {
    what: 'up that reads a recipe from a FIFO',
    args: (place) => place.up(undefined, place.fifo('recipe.json')),
    exitCode: 'signal',
  },
  {
    what: 'up that waits for the lock of its state directory',
    args: async (place, t) => {
      // A dead daemon left its socket, so that the lock decides who takes its place.
      await place.deadSocket();
      await place.lock(t, 'state', 'heddle.lock');
      return place.up();
    },
  },
  { what: 'up with an etcd behind a black hole', args: (place) => place.up(etcd(silent.blackHole)) },
  { what: 'up with an etcd that is stopped', args: (place) => place.up(etcd(silent.mute)) },
  {
    what: 'up, once it has told that etcd is away',
    args: (place) => place.up(etcd(silent.blackHole)),
    says: /store unreachable/,
  },
  {
    what: 'up that waits for a network configuration',
    args: (place) => place.up(undefined, ''),
    says: /waiting for one/,
  },
  {
    what: 'up that waits for the lock of its store',
    args: async (place, t) => {
      await place.lock(t, 'store', '.lock');
      return place.up();
    },
  },
  { what: 'up that runs', args: (place) => place.up(), says: /ready: subnet/ },
];

const plainWaits: readonly Wait[] = [
  ...(['blackHole', 'mute'] as const).flatMap((kind) => [
    { what: `network get, etcd: ${kind}`, args: () => ['network', 'get', ...etcd(silent[kind])] },
    { what: `leases, etcd: ${kind}`, args: () => ['leases', ...etcd(silent[kind])] },
    {
      what: `network set, etcd: ${kind}`,
      args: (place: Place) => ['network', 'set', place.recipe, ...etcd(silent[kind])],
    },
    {
      what: `leases release, etcd: ${kind}`,
      args: () => ['leases', 'release', '10.50.4.0/24', ...etcd(silent[kind])],
    },
    {
      what: `leases reserve, etcd: ${kind}`,
      args: () => ['leases', 'reserve', '10.50.4.0/24', '192.0.2.4', ...etcd(silent[kind])],
    },
  ]),
  {
    what: 'leases reserve that waits for the lock of its store',
    args: async (place, t) => {
      await place.lock(t, 'store', '.lock');
      return ['leases', 'reserve', '10.50.4.0/24', '192.0.2.4', '--store-dir', place.store];
    },
  },
  {
    what: 'network set that reads its standard input',
    args: (place) => ['network', 'set', place.fifo('in')],
  },
  { what: 'recipe check of a FIFO', args: (place) => ['recipe', 'check', place.fifo('in')] },
  { what: 'recipe explain of a FIFO', args: (place) => ['recipe', 'explain', place.fifo('in')] },
];

describe('a signal ends', { concurrency: 4 }, () => {
  for (const [index, { what, args, says, exitCode = 0 }] of daemonWaits.entries()) {
    const signal = index % 2 === 0 ? 'SIGTERM' : 'SIGINT';
    test(`${what} (${signal})`, { skip: withoutInterface }, async (t) => {
      const ran = run(t, await args(new Place(t), t));
      if (says === undefined) await untilItWaits(ran);
      else await until(String(says), () => says.test(ran.output()), ran.output);
      assert.equal(await endBy(ran, signal), exitCode === 'signal' ? signal : exitCode, ran.output());
    });
  }

  for (const { what, args } of plainWaits) {
    test(what, async (t) => {
      const ran = run(t, await args(new Place(t), t));
      await until('it to begin', () => ran.child.pid !== undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(await endBy(ran, 'SIGTERM'), 'SIGTERM');
    });
  }

  for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM'] as const) {
    test(`up like SIGTERM: ${signal}`, { skip: withoutInterface }, async (t) => {
      const ran = run(t, new Place(t).up());
      await until('ready', () => ran.output().includes('ready: subnet'), ran.output);
      assert.equal(await endBy(ran, signal), 0);
      assert.match(ran.output(), new RegExp(`stopping, asked by ${signal}\n`));
      assert.match(ran.output(), /stopping → stopped/);
    });
  }

  test('up whose log nobody reads', { skip: withoutInterface }, async (t) => {
    const place = new Place(t);
    // Each line of a recipe that is saved is told, with the text of the findings.
    const noise = `for i in $(seq 3000); do echo "a long line of a command that talks $i" >&2; done`;
    const backend = { ...fileOverlay, PostStartupCommand: [noise, 'echo up > device'] };
    writeFileSync(place.recipe, JSON.stringify({ Network: '10.50.0.0/16', Backend: backend }));
    const child = spawn(process.execPath, [heddle, ...place.up(), '--log-format', 'json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => child.kill('SIGKILL'));
    const ended = new Promise<number | NodeJS.Signals>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
    });
    const ran = { child, output: () => '', ended };
    await untilItWaits(ran);
    assert.equal(await endBy(ran, 'SIGTERM'), 0);
  });
});

describe('a command whose etcd swallows connections', { concurrency: 4 }, () => {
  for (const words of [['network', 'get'], ['leases']]) {
    test(`ends when it has said so: ${words.join(' ')}`, async (t) => {
      const ran = run(t, [...words, ...etcd(silent.blackHole)]);
      await until('the error', () => /^heddle: cannot/m.test(ran.output()), ran.output);
      const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), longestEndMs).unref());
      assert.equal(await Promise.race([ran.ended, late]), exitCodes.store);
    });
  }
});

describe('a daemon that is stopped', { skip: withoutInterface }, () => {
  test('is named by status and down in a few seconds', async (t) => {
    const place = new Place(t);
    const daemon = run(t, place.up());
    await until('ready', () => daemon.output().includes('ready: subnet'), daemon.output);
    daemon.child.kill('SIGSTOP');
    const asked = ['status', 'down'].map((word) => run(t, [word, '--state-dir', place.state]));
    for (const ran of asked) {
      assert.equal(await ran.ended, exitCodes.unresponsive, ran.output());
      const who = `heddle: process ${daemon.child.pid}, the heddle daemon with the state directory`;
      assert.ok(ran.output().startsWith(who), ran.output());
      assert.match(ran.output(), /did not answer within 4 s: it is stopped, as by SIGSTOP\n.*kill -CONT/);
    }
    daemon.child.kill('SIGCONT');
    assert.equal(await endBy(daemon, 'SIGTERM'), 0);
  });
});

const withoutEtcd = spawnSync('etcd', ['--version']).status !== 0 && 'etcd is not installed';

describe('a lease that etcd does not confirm to be gone', { skip: withoutInterface || withoutEtcd }, () => {
  /** A daemon that runs with its lease in an etcd, which is then stopped in its tracks. */
  async function runAndStop(
    t: TestContext,
    ...args: string[]
  ): Promise<{ place: Place; ran: Ran; server: EtcdServer }> {
    const server = await EtcdServer.start();
    t.after(() => server.destroy());
    const place = new Place(t);
    const choice = ['--etcd-endpoints', server.endpoint];
    const set = run(t, ['network', 'set', place.recipe, ...choice]);
    assert.equal(await set.ended, 0, set.output());
    const ran = run(t, [...place.up(choice), ...args]);
    await until('ready', () => ran.output().includes('ready: subnet'), ran.output);
    server.signal('SIGSTOP');
    return { place, ran, server };
  }

  const release = async (t: TestContext, place: Place): Promise<{ code: unknown; output: string }> => {
    const down = run(t, ['down', '--release-lease', '--state-dir', place.state]);
    return { code: await down.ended, output: down.output() };
  };

  test('is not called released by down, and can be released later', async (t) => {
    const { place, ran, server } = await runAndStop(t);
    const first = await release(t, place);
    assert.equal(first.code, exitCodes.store, first.output);
    assert.match(first.output, /the network is down, but the lease 10\.50\.\S+ may still be held: cannot/);
    assert.equal(await ran.ended, exitCodes.store);
    server.signal('SIGCONT');
    const second = await release(t, place);
    assert.deepEqual(second, { code: 0, output: 'Lease released. There was no network to take down.\n' });
    const third = await release(t, place);
    assert.match(third.output, /^Nothing to take down/);
  });

  test('does not hold the process after a signal', async (t) => {
    const { ran } = await runAndStop(t, '--release-lease');
    assert.equal(await endBy(ran, 'SIGTERM'), exitCodes.store);
    assert.match(ran.output(), /its lease 10\.50\.\S+ may still be held/);
  });
});
