import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { reasonToSkip } from './harness/needs.ts';
import { VxlanNamespace } from './harness/vxlan-namespace.ts';
import { kindsOf, pathWith, runInWaves, systemPath, type WaveRunOptions } from './harness/wave-runs.ts';

/** flannel's documented recipe, which adds a peer by three programs. */
const addPeer =
  "export ADDR=`echo $SUBNET | cut -d'/' -f 1`; read VTEP; ip route add $SUBNET nexthop via $ADDR dev vx onlink && " +
  'arp -s $ADDR $VTEP dev vx && bridge fdb add $VTEP dev vx self dst $PUBLIC_IP';

const real = execFileSync('sh', ['-c', 'command -v ip || true'], { encoding: 'utf8' }).trim();

interface Peer {
  readonly subnet: string;
  readonly vtep: string;
  readonly publicIp: string;
}

const peers = (count: number): Peer[] =>
  Array.from({ length: count }, (_, n) => ({
    subnet: `10.7.${n}.0/24`,
    vtep: `02:00:00:00:07:${n.toString(16).padStart(2, '0')}`,
    publicIp: `192.0.2.${n}`,
  }));

const environmentOf = ({ subnet, publicIp }: Peer, PATH: string) => ({
  SUBNET: subnet,
  PUBLIC_IP: publicIp,
  PATH,
});

const ok = (count: number): string[] => Array<string>(count).fill('succeeded');

interface RunOptions extends WaveRunOptions {
  readonly script?: string;
}

describe('commands of many peers in waves', { skip: reasonToSkip('arp') }, () => {
  let host: VxlanNamespace;

  before(async () => {
    host = await VxlanNamespace.make();
  });
  after(() => host.end());
  beforeEach(() => host.clear());

  const run = (list: readonly Peer[], { script = addPeer, ...options }: RunOptions = {}) =>
    runInWaves(
      host.namespace.shell,
      script,
      list.map((peer) => ({ environment: environmentOf(peer, systemPath), stdin: `${peer.vtep}\n` })),
      options,
    );

  it('leave the kernel as one shell after the other leaves it', async () => {
    const list = peers(40);
    for (const peer of list) host.run(addPeer, environmentOf(peer, systemPath), `${peer.vtep}\n`);
    const serial = host.entries;
    host.clear();
    assert.equal(kindsOf(await run(list)), 'succeeded');
    assert.deepEqual(host.entries, serial);
    assert.ok(serial.length >= 120);
  });

  it('fail alone where the kernel refuses a line, and go no further', async () => {
    host.run('ip route add 10.7.3.0/24 dev vx');
    const ends = await run(peers(8));
    assert.deepEqual(
      ends.map(({ kind }) => kind),
      [...ok(3), 'failed', ...ok(4)],
    );
    const failed = ends[3];
    assert(failed?.kind === 'failed');
    assert.equal(failed.stderr, 'RTNETLINK answers: File exists');
    assert.equal(failed.last?.call.program, 'ip');
    assert.equal(host.run('ip neigh show 10.7.3.0 dev vx'), '', 'arp did not run');
  });

  it('fail alone where the program cannot parse a line, and those after it run', async () => {
    const orRubbish = 'case $SUBNET in 10.7.2.*) word=rubbish ;; *) word=$WORD ;; esac';
    for (const call of [
      'ip route add $SUBNET dev vx $word',
      'bridge fdb add $VTEP dev vx dst $PUBLIC_IP $word',
    ]) {
      const word = call.startsWith('ip') ? '"metric 5"' : 'self';
      const ends = await run(peers(6), { script: `read VTEP; WORD=${word}; ${orRubbish}; ${call}` });
      assert.deepEqual(
        ends.map(({ kind }) => kind),
        [...ok(2), 'failed', ...ok(3)],
        call,
      );
      const failed = ends[2];
      assert(failed?.kind === 'failed');
      assert.match(failed.stderr, /rubbish/, call);
    }
  });

  it('are unsure where the program was killed, or did not end in time', async (t) => {
    const killed = await run(peers(4), {
      PATH: pathWith(t, 'ip', `case $1 in -V) exec ${real} -V ;; esac; kill -9 $$`),
    });
    assert.equal(kindsOf(killed), 'unsure');
    const hung = await run(peers(4), {
      PATH: pathWith(t, 'ip', `case $1 in -V) exec ${real} -V ;; esac; exec sleep 60`),
      timeoutMs: 500,
    });
    assert.equal(kindsOf(hung), 'unsure');
    const [first] = hung;
    assert(first?.kind === 'unsure');
    assert.equal(first.last?.how, 'did not end within 500 ms');
  });

  it('believe what a program says, and not its status', async (t) => {
    host.run('ip route add 10.7.1.0/24 dev vx');
    const ends = await run(peers(3), { PATH: pathWith(t, 'ip', `${real} "$@"; exit 0`) });
    assert.deepEqual(
      ends.map(({ kind }) => kind),
      [...ok(1), 'failed', ...ok(1)],
    );
  });

  it('call a program one by one that is not the one meant', async (t) => {
    const calls = join(temporaryDirectory(t), 'calls');
    const other = `case $1 in -V) echo other; exit 0 ;; esac; echo "$*" >>${calls}; exec ${real} "$@"`;
    assert.equal(kindsOf(await run(peers(3), { PATH: pathWith(t, 'ip', other) })), 'succeeded');
    assert.match(
      execFileSync('cat', [calls], { encoding: 'utf8' }),
      /^(route add 10\.7\.\d\.0\/24 nexthop via \S+ dev vx onlink\n){3}$/,
    );
  });

  it('keep a word as it is that would be more than one in a line', async () => {
    const ends = await run(peers(2), {
      script: 'ip route add "$SUBNET dev lo"; ip route add "$SUBNET" dev vx',
    });
    assert.equal(kindsOf(ends), 'succeeded');
    assert.ok(host.entries.some((entry) => entry.startsWith('10.7.1.0/24')));
    assert.equal(host.run('ip route show dev lo'), '');
  });
});
