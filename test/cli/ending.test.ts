import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { fileCheck } from '../daemon/file-overlay.ts';
import { withoutInterface } from '../daemon/interface.ts';
import { heddle } from '../kernel/lab-harness.ts';
import { Authority } from '../store/etcd/certificates.ts';
import { ownLoopbackAddress } from '../store/etcd/loopback.ts';
import { EtcdServer } from '../store/etcd/server.ts';
import { endBy, endOf, Place, startHeddle, untilItWaits, type RunningHeddle } from '../support/ending.ts';
import { assertTable } from '../support/ending-table.ts';
import { followPage } from '../support/page-follower.ts';
import { SmallApiServer } from '../support/small-api-server.ts';
import { startSilentServer, type SilentServer } from '../support/silent-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

/** A port of loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

let silent: Record<'mute' | 'blackHole', SilentServer>;
before(async () => {
  // In a cluster, heddle learns the name of its Node from the environment.
  process.env['NODE_NAME'] = 'node1';
  silent = { mute: await startSilentServer('mute'), blackHole: await startSilentServer('black hole') };
});
after(() => {
  silent.mute.close();
  silent.blackHole.close();
});

interface Wait {
  /** The subcommand, as `listSubcommands` has it. */
  readonly command: string;
  /** Completes "a signal ends COMMAND". */
  readonly what: string;
  /** Starts it, and returns when it waits. */
  readonly start: (t: TestContext) => Promise<RunningHeddle>;
  /** How the command ends: unless given, with 0 if it is a daemon that was told to stop, else by the signal. */
  readonly exitCode?: number | 'signal';
  /** A part of what a command says when a signal ends it, besides its name. */
  readonly says?: RegExp;
}

/** Waits for the last words of a command that a signal ended: which command, how long it ran, and what for. */
async function untilItSaysWhy(ran: RunningHeddle, command: string, says = /./): Promise<void> {
  const words = new RegExp(`^heddle: SIG(?:INT|TERM) ended heddle ${command} after \\d.*\\n`, 'm');
  await until(
    `${String(words)} and ${String(says)}`,
    () => words.test(ran.output()) && says.test(ran.output()),
    ran.output,
  );
}

const etcd = (server: SilentServer): string[] => ['--etcd-endpoints', server.endpoint];

/** The options for an etcd over TLS whose handshake never ends. */
const secureEtcd = (server: SilentServer): string[] => ['--etcd-endpoints', secure(server.endpoint)];

function secure(endpoint: string): string {
  return endpoint.replace('http:', 'https:');
}

const silences = [
  { kind: 'mute', says: 'never answers' },
  { kind: 'blackHole', says: 'swallows packets' },
] as const;

async function runUntil(t: TestContext, args: readonly string[], says: RegExp): Promise<RunningHeddle> {
  const ran = startHeddle(t, args);
  await until(String(says), () => says.test(ran.output()), ran.output);
  return ran;
}

async function runUntilItWaits(
  t: TestContext,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningHeddle> {
  const ran = startHeddle(t, args, environment);
  await untilItWaits(ran);
  return ran;
}

/** Whether a process handles SIGHUP, as heddle does once it has read its command line, and Node by itself does not. */
function handlesSignals(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`) & 1n) === 1n;
}

/** A command for which it does not matter what it waits for, so this is not looked for either. */
async function runForAMoment(
  t: TestContext,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningHeddle> {
  const ran = startHeddle(t, args, environment);
  await until('it to begin', () => handlesSignals(ran.child.pid ?? 0), ran.output);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return ran;
}

/** A PATH that begins with these programs, which hang. */
function hangingPrograms(t: TestContext, ...names: readonly string[]): string {
  const directory = temporaryDirectory(t);
  for (const name of names)
    writeFileSync(join(directory, name), '#!/bin/sh\nexec sleep 300\n', { mode: 0o755 });
  return `${directory}:${process.env['PATH'] ?? ''}`;
}

/** An etcd with the network configuration of a place. */
async function startEtcd(
  t: TestContext,
  place: Place,
  options: Parameters<typeof EtcdServer.start>[0] = {},
  more: readonly string[] = [],
): Promise<{ server: EtcdServer; choice: string[] }> {
  const server = await EtcdServer.start(options);
  t.after(() => server.destroy());
  const choice = ['--etcd-endpoints', server.endpoint, ...more];
  const set = startHeddle(t, ['network', 'set', place.recipe, ...choice]);
  assert.equal(await set.ended, 0, set.output());
  return { server, choice };
}

/** A daemon whose etcd stops while a command runs, and which goes on then. */
async function runWithoutEtcdAfter(
  t: TestContext,
  command: 'PreStartupCommand' | 'PostStartupCommand',
  state: RegExp,
): Promise<RunningHeddle> {
  const gate = 'while ! test -e gate; do sleep 0.05; done; echo data-1';
  const place = new Place(t, { [command]: gate });
  const { server, choice } = await startEtcd(t, place);
  const ran = await runUntil(t, place.up(choice), state);
  server.signal('SIGSTOP');
  writeFileSync(join(place.state, 'gate'), '');
  await untilItWaits(ran);
  return ran;
}

const startWaits: readonly Wait[] = [
  {
    command: 'up',
    what: 'that reads a recipe from a FIFO',
    start: (t) => {
      const place = new Place(t);
      return runUntilItWaits(t, place.up(undefined, place.fifo('recipe.json')));
    },
  },
  {
    command: 'up',
    what: 'that waits for the lock of its state directory',
    start: async (t) => {
      const place = new Place(t);
      // A dead daemon left its socket, so that the lock decides who takes its place.
      await place.deadSocket();
      await place.lock(t, 'state', 'heddle.lock');
      return runUntilItWaits(t, place.up());
    },
  },
  {
    command: 'up',
    what: 'with an etcd behind a black hole',
    start: (t) => runUntilItWaits(t, new Place(t).up(etcd(silent.blackHole))),
  },
  {
    command: 'up',
    what: 'with an etcd that is stopped',
    start: (t) => runUntilItWaits(t, new Place(t).up(etcd(silent.mute))),
  },
  {
    command: 'up',
    what: 'once it has told that etcd is away',
    start: (t) => runUntil(t, new Place(t).up(etcd(silent.blackHole)), /store unreachable/),
  },
  {
    command: 'up',
    what: 'that waits for a network configuration',
    start: (t) => runUntil(t, new Place(t).up(undefined, ''), /waiting for one/),
  },
  {
    command: 'up',
    what: 'that waits for the lock of its store',
    start: async (t) => {
      const place = new Place(t);
      await place.lock(t, 'store', '.lock');
      return runUntilItWaits(t, place.up());
    },
  },
  {
    command: 'up',
    what: 'that takes its lease from an etcd that has stopped',
    start: (t) => runWithoutEtcdAfter(t, 'PreStartupCommand', /starting → pre-startup/),
  },
  {
    command: 'up',
    what: 'that lists the peers in an etcd that has stopped',
    start: (t) => runWithoutEtcdAfter(t, 'PostStartupCommand', /leasing → post-startup/),
  },
];

const secureStartWaits: readonly Wait[] = silences.flatMap(({ kind, says }): Wait[] => [
  {
    command: 'up',
    what: `with an etcd over TLS that ${says}`,
    start: (t) => runUntilItWaits(t, new Place(t).up(secureEtcd(silent[kind]))),
  },
  {
    command: 'up',
    what: `that foresees a start with an etcd over TLS that ${says}`,
    start: (t) => runForAMoment(t, [...new Place(t).up(secureEtcd(silent[kind])), '--dry-run']),
    exitCode: 'signal',
  },
  {
    command: 'up',
    what: `with an API server over TLS that ${says}`,
    start: (t) => {
      const place = new Place(t);
      const cluster = ['--store', 'kubernetes', '--kube-api-url', secure(silent[kind].endpoint)];
      return runUntilItWaits(t, place.up([...cluster, '--net-config-path', place.recipe]));
    },
  },
]);

/** The options for a cluster whose API server never answers. Every node needs a name there. */
const kubernetes = (server: SilentServer): string[] => [
  '--store',
  'kubernetes',
  '--kube-api-url',
  server.endpoint,
];

const otherStartWaits: readonly Wait[] = (['blackHole', 'mute'] as const).flatMap((kind): Wait[] => {
  const api = kind === 'mute' ? 'is mute' : 'swallows connections';
  const upInCluster = (t: TestContext): string[] => {
    const place = new Place(t);
    return place.up([...kubernetes(silent[kind]), '--net-config-path', place.recipe]);
  };
  return [
    {
      command: 'up',
      what: `with an API server of Kubernetes that ${api}`,
      start: (t) => runUntilItWaits(t, upInCluster(t)),
    },
    {
      command: 'up',
      what: `that foresees a start with an API server that ${api}`,
      start: (t) => runUntilItWaits(t, [...upInCluster(t), '--dry-run']),
      exitCode: 'signal',
      says: /while it waited for the Nodes of the Kubernetes API server http:/,
    },
    {
      command: 'up',
      what: `that foresees a start with an etcd that ${api}`,
      start: (t) => runUntilItWaits(t, [...new Place(t).up(etcd(silent[kind])), '--dry-run']),
      exitCode: 'signal',
      says: /while it waited for the etcd at http:\S+:2379 under /,
    },
    {
      command: 'leases',
      what: `with an API server of Kubernetes that ${api}`,
      start: (t) => runForAMoment(t, ['leases', ...kubernetes(silent[kind])]),
      exitCode: 'signal',
    },
  ];
});

/** An etcd over TLS with the network configuration of a place. */
async function startSecureEtcd(
  t: TestContext,
  place: Place,
): Promise<{ server: EtcdServer; choice: string[] }> {
  const authority = await Authority.make();
  t.after(() => authority.destroy());
  const address = ownLoopbackAddress();
  const identity = await authority.issue('etcd', [`IP:${address}`]);
  const tls = { ...identity, caFile: authority.caFile, asksClients: false };
  return startEtcd(t, place, { address, tls }, ['--etcd-cafile', authority.caFile]);
}

/** Whether the log of a place's commands has an entry so many times. */
function ran(place: Place, entry: string, times = 1): boolean {
  const file = join(place.state, 'log');
  return existsSync(file) && readFileSync(file, 'utf8').split(`${entry} `).length > times;
}

const changeWaits: readonly Wait[] = [
  {
    command: 'up',
    what: 'whose device is rebuilt by a command that hangs',
    start: async (t) => {
      const place = new Place(t, { CheckCommand: fileCheck });
      const up = await runUntil(t, [...place.up(), '--check-interval', '1'], /ready: subnet/);
      writeFileSync(join(place.state, 'post-startup.hangs'), '');
      rmSync(join(place.state, 'device'));
      await until('the second PostStartupCommand', () => ran(place, 'post-startup', 2), up.output);
      return up;
    },
  },
  {
    command: 'up',
    what: 'whose device was rebuilt and whose etcd has stopped, so that its new data wait',
    start: async (t) => {
      const place = new Place(t, { CheckCommand: fileCheck });
      const { server, choice } = await startEtcd(t, place);
      const up = await runUntil(t, [...place.up(choice), '--check-interval', '1'], /ready: subnet/);
      server.signal('SIGSTOP');
      writeFileSync(join(place.state, 'data'), 'data-2\n');
      rmSync(join(place.state, 'device'));
      await until(
        'the second PreStartupCommand',
        () => occurs(up, /PreStartupCommand done/g) === 2,
        up.output,
      );
      await untilItWaits(up);
      return up;
    },
  },
  {
    command: 'up',
    what: 'that applies a saved recipe whose PreStartupCommand hangs',
    start: (t) => applyHanging(t, 'pre-startup', { PreStartupCommand: hanging('pre-startup') }),
  },
  {
    command: 'up',
    what: 'that has applied a saved recipe whose SubnetAddCommand fails',
    start: async (t) => {
      const place = new Place(t);
      place.peer(4);
      const up = await runUntil(t, [...place.up(), '--watch'], /ready: subnet/);
      place.backend({ SubnetAddCommand: 'exit 3' });
      await until(
        'the peer to fail',
        () => /peer 10.50.4.0.* could not be added/.test(up.output()),
        up.output,
      );
      return up;
    },
  },
  {
    command: 'up',
    what: 'that asks an etcd which has stopped for a saved recipe',
    start: async (t) => {
      const place = new Place(t);
      const { server, choice } = await startEtcd(t, place);
      const up = await runUntil(t, [...place.up(choice), '--watch'], /ready: subnet/);
      server.signal('SIGSTOP');
      place.backend({ PreStartupCommand: 'echo data-2' });
      await untilItWaits(up);
      return up;
    },
  },
  {
    command: 'up',
    what: 'that applies a saved recipe and whose etcd has stopped, so that its new data wait',
    start: async (t) => {
      const place = new Place(t);
      const { server, choice } = await startEtcd(t, place);
      const up = await runUntil(t, [...place.up(choice), '--watch'], /ready: subnet/);
      const gate = 'echo begun > begun; while ! test -e gate; do sleep 0.05; done; echo data-2';
      place.backend({ PreStartupCommand: gate });
      await until('the saved recipe', () => existsSync(join(place.state, 'begun')), up.output);
      server.signal('SIGSTOP');
      writeFileSync(join(place.state, 'gate'), '');
      await until('the new PreStartupCommand', () => occurs(up, /PreStartupCommand done/g) === 2, up.output);
      await untilItWaits(up);
      return up;
    },
  },
];

const hanging = (name: string): string => `echo begun > ${name}-begun; exec sleep 300`;

function occurs({ output }: RunningHeddle, what: RegExp): number {
  return output().match(what)?.length ?? 0;
}

/** A daemon with a peer that follows its recipe, once a command of the saved recipe hangs. */
async function applyHanging(
  t: TestContext,
  name: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<RunningHeddle> {
  const place = new Place(t);
  place.peer(4);
  const up = await runUntil(t, [...place.up(), '--watch'], /ready: subnet/);
  place.backend(changes);
  await until('the saved recipe', () => existsSync(join(place.state, `${name}-begun`)), up.output);
  return up;
}

const runningWaits: readonly Wait[] = [
  {
    command: 'up',
    what: 'that runs while its etcd over TLS has stopped',
    start: async (t) => {
      const place = new Place(t);
      const { server, choice } = await startSecureEtcd(t, place);
      const ran = await runUntil(t, place.up(choice), /ready: subnet/);
      server.signal('SIGSTOP');
      return ran;
    },
  },
  {
    command: 'up',
    what: 'that runs while its API server has fallen silent',
    start: async (t) => {
      const place = new Place(t);
      const api = await SmallApiServer.start(t);
      const cluster = ['--store', 'kubernetes', '--kube-api-url', api.endpoint];
      const options = [...cluster, '--net-config-path', place.recipe];
      const up = await runUntil(t, place.up(options), /ready: subnet 10\.50\.7\.0/);
      api.silence();
      await untilItWaits(up);
      return up;
    },
  },
  {
    command: 'up',
    what: 'whose programs ip and flock hang',
    start: (t) => {
      const place = new Place(t);
      return runUntilItWaits(t, place.up(), { PATH: hangingPrograms(t, 'ip', 'flock') });
    },
  },
  { command: 'up', what: 'that runs', start: (t) => runUntil(t, new Place(t).up(), /ready: subnet/) },
  {
    command: 'up',
    what: 'that runs and serves a page which a browser follows',
    start: async (t) => {
      const ran = await runUntil(
        t,
        [...new Place(t).up(), '--page', `127.0.0.1:${await freePort()}`],
        /ready: subnet/,
      );
      await followPage(t, /page of this node is at (\S+);/.exec(ran.output())?.[1] ?? '');
      return ran;
    },
  },
  {
    command: 'up',
    what: 'that runs and watches its recipe',
    start: (t) => runUntil(t, [...new Place(t).up(), '--watch'], /ready: subnet/),
  },
  {
    command: 'up',
    what: 'whose peer fails',
    start: async (t) => {
      const place = new Place(t, { SubnetAddCommand: 'exit 3' });
      place.peer(4);
      return runUntil(t, place.up(), /→ degraded/);
    },
  },
  {
    command: 'up',
    what: 'that runs while its etcd has stopped',
    start: async (t) => {
      const place = new Place(t);
      const { server, choice } = await startEtcd(t, place);
      const ran = await runUntil(t, place.up(choice), /ready: subnet/);
      server.signal('SIGSTOP');
      return ran;
    },
  },
  {
    command: 'up',
    what: 'that cannot give its lease back, since its etcd has stopped',
    start: async (t) => {
      const place = new Place(t);
      const { server, choice } = await startEtcd(t, place);
      const ran = await runUntil(t, [...place.up(choice), '--release-lease'], /ready: subnet/);
      server.signal('SIGSTOP');
      return ran;
    },
    exitCode: exitCodes.store,
  },
  {
    command: 'up',
    what: 'that was asked by heddle down to give its lease back, since its etcd has stopped',
    start: async (t) => {
      const place = new Place(t);
      const { server, choice } = await startEtcd(t, place);
      const ran = await runUntil(t, place.up(choice), /ready: subnet/);
      server.signal('SIGSTOP');
      startHeddle(t, ['down', '--release-lease', '--state-dir', place.state]);
      await until(
        'the network to be down',
        () => /ShutdownCommand done|network taken down/.test(ran.output()),
        ran.output,
      );
      return ran;
    },
    exitCode: exitCodes.store,
  },
  {
    command: 'up',
    what: 'whose control socket has a client that says nothing',
    start: async (t) => {
      const place = new Place(t);
      const ran = await runUntil(t, place.up(), /ready: subnet/);
      const client = connect(join(place.state, 'heddle.sock'));
      t.after(() => client.destroy());
      client.on('error', () => undefined);
      await once(client, 'connect');
      return ran;
    },
  },
  {
    command: 'up',
    what: 'whose log nobody reads',
    start: async (t) => {
      const noise = 'for i in $(seq 3000); do echo "a long line of a command that talks $i" >&2; done';
      const place = new Place(t, { PostStartupCommand: [noise, 'echo up > device'] });
      const child = spawn(process.execPath, [heddle, ...place.up(), '--log-format', 'json'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      t.after(() => child.kill('SIGKILL'));
      const ran = { child, output: () => '', ended: endOf(child) };
      await untilItWaits(ran);
      return ran;
    },
  },
];

const daemonWaits: readonly Wait[] = [
  ...startWaits,
  ...secureStartWaits,
  ...otherStartWaits,
  ...changeWaits,
  ...runningWaits,
];

/** Starts a command that asks a daemon which is stopped. */
async function askStopped(t: TestContext, ...words: readonly string[]): Promise<RunningHeddle> {
  const place = new Place(t);
  const daemon = await runUntil(t, place.up(), /ready: subnet/);
  daemon.child.kill('SIGSTOP');
  return runForAMoment(t, [...words, '--state-dir', place.state]);
}

const plainWaits: readonly Wait[] = [
  ...silences.flatMap(({ kind, says }): Wait[] => {
    const subnet = '10.50.4.0/24';
    const commands: Readonly<Record<string, (place: Place) => readonly string[]>> = {
      'network get': () => [],
      leases: () => [],
      doctor: () => ['--recipe', 'vxlan'],
      'network set': (place) => [place.recipe],
      'leases release': () => [subnet],
      'leases reserve': () => [subnet, '192.0.2.4'],
    };
    return Object.entries(commands).map(([command, more]) => ({
      command,
      what: `with an etcd over TLS that ${says}`,
      start: (t) =>
        runForAMoment(t, [...command.split(' '), ...more(new Place(t)), ...secureEtcd(silent[kind])]),
    }));
  }),
  {
    command: 'docker-opts',
    what: 'that writes into a FIFO which nobody reads',
    start: (t) => {
      const place = new Place(t);
      writeFileSync(join(place.directory, 'subnet.env'), 'FLANNEL_SUBNET=10.50.4.1/24\n');
      const files = ['-f', join(place.directory, 'subnet.env'), '-d', place.fifo('docker')];
      return runUntilItWaits(t, ['docker-opts', ...files]);
    },
    says: /while it waited for \/.*\/docker\n/,
  },
  ...['iface explain', 'doctor --recipe vxlan'].map((words) => ({
    command: words.replace(/ --.*/, ''),
    what: 'whose program ip hangs',
    start: (t: TestContext) => runUntilItWaits(t, words.split(' '), { PATH: hangingPrograms(t, 'ip') }),
    says: /while it waited for the program ip\n/,
  })),
  {
    command: 'doctor',
    what: 'that reads a FIFO',
    start: (t) => runUntilItWaits(t, ['doctor', '--recipe', new Place(t).fifo('in')]),
    says: /while it waited for \/.*\/in\n/,
  },
  ...(['blackHole', 'mute'] as const).flatMap((kind): Wait[] => {
    const what = `with an etcd that is a ${kind === 'mute' ? 'mute' : 'black hole'}`;
    const start =
      (...words: readonly string[]) =>
      (t: TestContext): Promise<RunningHeddle> =>
        runForAMoment(t, [...words, ...etcd(silent[kind])]);
    return [
      { command: 'network get', what, start: start('network', 'get') },
      { command: 'leases', what, start: start('leases') },
      {
        command: 'doctor',
        what,
        start: (t) => runUntilItWaits(t, ['doctor', '--recipe', 'vxlan', ...etcd(silent[kind])]),
        says: /while it waited for the etcd at http:\S+:2379 under \/coreos\.com\/network\n/,
      },
      {
        command: 'network set',
        what,
        start: (t) => runUntilItWaits(t, ['network', 'set', new Place(t).recipe, ...etcd(silent[kind])]),
        says: /or the old one: heddle network get --etcd-endpoints http:\S+ shows it\.\n/,
      },
      { command: 'leases release', what, start: start('leases', 'release', '10.50.4.0/24') },
      { command: 'leases reserve', what, start: start('leases', 'reserve', '10.50.4.0/24', '192.0.2.4') },
    ];
  }),
  {
    command: 'leases reserve',
    what: 'that waits for the lock of its store',
    start: async (t) => {
      const place = new Place(t);
      await place.lock(t, 'store', '.lock');
      return runForAMoment(t, ['leases', 'reserve', '10.50.4.0/24', '192.0.2.4', '--store-dir', place.store]);
    },
  },
  ...[
    ['network', 'set'],
    ['recipe', 'check'],
    ['recipe', 'explain'],
  ].map((words) => ({
    command: words.join(' '),
    what: 'that reads a FIFO',
    start: (t: TestContext) => runUntilItWaits(t, [...words, new Place(t).fifo('in')]),
    says: /while it waited for \/.*\/in\n/,
  })),
];

const askingWaits: readonly Wait[] = [
  {
    command: 'status',
    what: 'that waits for a daemon to watch',
    start: (t) =>
      runUntil(t, ['status', '--watch', '--json', '--state-dir', new Place(t).state], /not-running/),
    exitCode: exitCodes['not-running'],
  },
  {
    command: 'down',
    what: 'that waits for a daemon whose ShutdownCommand runs',
    start: async (t) => {
      const place = new Place(t, { ShutdownCommand: 'echo begun > begun; sleep 300' });
      const daemon = await runUntil(t, place.up(), /ready: subnet/);
      const ran = startHeddle(t, ['down', '--state-dir', place.state]);
      await until('ShutdownCommand', () => existsSync(join(place.state, 'begun')), daemon.output);
      return ran;
    },
    says: /for process \d+ to take the network down, which runs ShutdownCommand \(.* at most\)\n +That process goes on\. .*run heddle down --state-dir/,
  },
  {
    command: 'down',
    what: 'that waits for another heddle down of a dead daemon',
    start: async (t) => {
      const place = new Place(t, { ShutdownCommand: 'echo begun > begun; sleep 300' });
      const daemon = await runUntil(t, place.up(), /ready: subnet/);
      daemon.child.kill('SIGKILL');
      await daemon.ended;
      const down = ['down', '--state-dir', place.state];
      const first = startHeddle(t, down);
      await until('ShutdownCommand', () => existsSync(join(place.state, 'begun')), first.output);
      return runForAMoment(t, down);
    },
    says: /for process \d+ to take the network down, which runs ShutdownCommand/,
  },
  {
    command: 'down',
    what: 'that takes the network of a dead daemon down, whose ShutdownCommand hangs',
    start: (t) => takeDownHanging(t, 'sleep 300'),
    says: /it waited for ShutdownCommand \(.* at most\)\n +That command was ended\. .*to remove it, run heddle down --state-dir/,
  },
  {
    command: 'status',
    what: 'that asks a daemon which is stopped',
    start: (t) => askStopped(t, 'status'),
    says: /while it waited for the heddle daemon with the state directory \//,
  },
  {
    command: 'status',
    what: 'that watches a daemon which is stopped',
    start: (t) => askStopped(t, 'status', '--watch', '--json'),
    says: /while it waited for the heddle daemon with the state directory \//,
  },
  {
    command: 'status',
    what: 'that has watched a daemon which is stopped now',
    start: async (t) => {
      const place = new Place(t);
      const daemon = await runUntil(t, place.up(), /ready: subnet/);
      const watch = ['status', '--watch', '--json', '--state-dir', place.state];
      const ran = await runUntil(t, watch, /"state":"(?:running|degraded)"/);
      daemon.child.kill('SIGSTOP');
      await until('the silence', () => ran.output().includes('"state":"unresponsive"'), ran.output);
      return ran;
    },
    exitCode: exitCodes.unresponsive,
  },
  {
    command: 'status',
    what: 'that waits for the probes of a daemon which is stopped',
    start: (t) => askStopped(t, 'status', '--probe'),
  },
  {
    command: 'down',
    what: 'that asks a daemon which is stopped',
    start: (t) => askStopped(t, 'down'),
    says: /\n +That process is stopped, as by SIGSTOP, and the request is still pending: .* kill -CONT \d+ continues it\. .*run heddle down/,
  },
  {
    command: 'down',
    what: 'that cannot give back the lease of a dead daemon, since etcd has stopped',
    start: async (t) => {
      const place = new Place(t);
      const { server, choice } = await startEtcd(t, place);
      const daemon = await runUntil(t, place.up(choice), /ready: subnet/);
      daemon.child.kill('SIGKILL');
      await daemon.ended;
      server.signal('SIGSTOP');
      return runForAMoment(t, ['down', '--release-lease', '--state-dir', place.state]);
    },
  },
];

/** Takes the network of a dead daemon down, up to its ShutdownCommand. */
async function takeDownHanging(t: TestContext, hangs: string): Promise<RunningHeddle & { place: Place }> {
  const place = new Place(t, { ShutdownCommand: `echo $$ > begun; ${hangs}` });
  const daemon = await runUntil(t, place.up(), /ready: subnet/);
  daemon.child.kill('SIGKILL');
  await daemon.ended;
  const ran = startHeddle(t, ['down', '--state-dir', place.state]);
  await until('ShutdownCommand', () => existsSync(join(place.state, 'begun')), ran.output);
  return { ...ran, place };
}

/** Subcommands that wait for nothing but small files. */
const waitless = ['docs', 'recipe list', 'recipe new', 'recipe schema'].map((command) => ({
  command,
  what: 'or it has ended by itself',
}));

test('each state in which a subcommand waits has a test of its end by a signal', async () => {
  await assertTable('main', [...daemonWaits, ...plainWaits, ...askingWaits, ...waitless]);
});

const withoutEtcd = spawnSync('etcd', ['--version']).status !== 0 && 'etcd is not installed';
const withoutDaemon = withoutInterface || withoutEtcd;

describe('a signal ends', { concurrency: 4 }, () => {
  for (const [index, { command, what, start, exitCode = 0, says }] of daemonWaits.entries()) {
    const signal = index % 2 === 0 ? 'SIGTERM' : 'SIGINT';
    test(`${command} ${what} (${signal})`, { skip: withoutDaemon }, async (t) => {
      const ran = await start(t);
      assert.equal(await endBy(ran, signal), exitCode === 'signal' ? signal : exitCode, ran.output());
      if (exitCode === 'signal') await untilItSaysWhy(ran, command, says);
    });
  }

  for (const { command, what, start, says } of plainWaits) {
    test(`${command} ${what}`, async (t) => {
      const ran = await start(t);
      assert.equal(await endBy(ran, 'SIGTERM'), 'SIGTERM');
      await untilItSaysWhy(ran, command, says);
    });
  }

  for (const { command, what, start, exitCode = 'signal', says } of askingWaits) {
    test(`${command} ${what}`, { skip: withoutDaemon }, async (t) => {
      const ran = await start(t);
      assert.equal(await endBy(ran, 'SIGINT'), exitCode === 'signal' ? 'SIGINT' : exitCode);
      if (exitCode === 'signal') await untilItSaysWhy(ran, command, says);
    });
  }

  for (const { command, what } of waitless) {
    test(`${command}, ${what}`, async (t) => {
      const place = new Place(t);
      const name = command === 'recipe new' ? [join(place.directory, 'mine')] : [];
      const end = await endBy(startHeddle(t, [...command.split(' '), ...name]), 'SIGTERM');
      assert.ok(end === 'SIGTERM' || end === 0, String(end));
    });
  }

  test(
    'a command that takes the network down, the second time; until then it is named',
    { skip: withoutInterface },
    async (t) => {
      const ran = await runUntil(t, new Place(t, { ShutdownCommand: 'sleep 300' }).up(), /ready: subnet/);
      ran.child.kill('SIGTERM');
      const named = /warn {2}waiting for ShutdownCommand \((?:5|6|7|8|9)\.\d s so far, 30\.0 s at most\)/;
      await until(String(named), () => named.test(ran.output()), ran.output);
      assert.equal(await endBy(ran, 'SIGTERM'), exitCodes.command);
    },
  );

  for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM'] as const) {
    test(`up like SIGTERM: ${signal}`, { skip: withoutInterface }, async (t) => {
      const ran = startHeddle(t, new Place(t).up());
      await until('ready', () => ran.output().includes('ready: subnet'), ran.output);
      assert.equal(await endBy(ran, signal), 0);
      assert.match(ran.output(), new RegExp(`stopping, asked by ${signal}\n`));
      assert.match(ran.output(), /stopping → stopped/);
    });
  }
});

describe('heddle down of a dead daemon, ended by a signal', { skip: withoutInterface }, () => {
  for (const [what, hangs] of [
    ['ends', 'sleep 300'],
    ['does not end by SIGTERM', 'trap "" TERM; sleep 300 & wait; wait'],
  ] as const) {
    test(`leaves no command behind that ${what}, and can be run again`, async (t) => {
      const { place, ...ran } = await takeDownHanging(t, hangs);
      const group = Number(readFileSync(join(place.state, 'begun'), 'utf8'));
      assert.equal(await endBy(ran, 'SIGTERM'), 'SIGTERM');
      await untilItSaysWhy(ran, 'down', /That command was ended/);
      const left = spawnSync('ps', ['-o', 'stat=,args=', '--no-headers', '-g', String(group)], {
        encoding: 'utf8',
      });
      assert.doesNotMatch(left.stdout, /^[^Z]/m);
      const again = startHeddle(t, ['down', '--forget', '--state-dir', place.state]);
      assert.equal(await again.ended, 0, again.output());
      assert.match(again.output(), /^Network forgotten/m);
    });
  }
});

describe('a command whose etcd swallows connections', { concurrency: 4 }, () => {
  for (const words of [['network', 'get'], ['leases']]) {
    test(`ends when it has said so: ${words.join(' ')}`, async (t) => {
      const ran = startHeddle(t, [...words, ...etcd(silent.blackHole)]);
      await until('the error', () => /^heddle: cannot/m.test(ran.output()), ran.output);
      assert.equal(await ran.ended, exitCodes.store);
    });
  }
});

describe('a daemon that is stopped', { skip: withoutInterface }, () => {
  test('is named by status and down in a few seconds', async (t) => {
    const place = new Place(t);
    const daemon = startHeddle(t, place.up());
    await until('ready', () => daemon.output().includes('ready: subnet'), daemon.output);
    daemon.child.kill('SIGSTOP');
    const asked = ['status', 'down'].map((word) => startHeddle(t, [word, '--state-dir', place.state]));
    for (const ran of asked) {
      assert.equal(await ran.ended, exitCodes.unresponsive, ran.output());
      const who = `heddle: process ${daemon.child.pid}, the heddle daemon with the state directory`;
      assert.ok(ran.output().startsWith(who), ran.output());
      assert.match(ran.output(), /did not answer within 4 s: it is stopped, as by SIGSTOP\n.*kill -CONT/);
    }
    const [status, down] = asked.map((ran) => ran.output());
    assert.doesNotMatch(status ?? '', /request/);
    assert.match(status ?? '', /kill -CONT.* heddle down --state-dir \//);
    assert.match(down ?? '', /\n {2}the request is still pending: .*kill -CONT \d+/);
    // So it is.
    daemon.child.kill('SIGCONT');
    assert.equal(await daemon.ended, 0, daemon.output());
    assert.match(daemon.output(), /stopping, asked by heddle down/);
  });
});

describe('a lease that etcd does not confirm to be gone', { skip: withoutInterface || withoutEtcd }, () => {
  const release = async (t: TestContext, place: Place): Promise<{ code: unknown; output: string }> => {
    const down = startHeddle(t, ['down', '--release-lease', '--state-dir', place.state]);
    return { code: await down.ended, output: down.output() };
  };

  test('is not called released by down, and can be released later', async (t) => {
    const place = new Place(t);
    const { server, choice } = await startEtcd(t, place);
    const ran = await runUntil(t, place.up(choice), /ready: subnet/);
    server.signal('SIGSTOP');
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
});
