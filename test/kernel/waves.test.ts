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
    assert.match(addPeer.slice(failed.last.span?.offset), /^ip route add /);
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

interface LineTool {
  readonly program: string;
  readonly identity: string;
  readonly script: string;
  /** Has the kernel refuse the call of peer 2. */
  readonly obstruct: string;
  /** A value of a variable with which the program cannot parse the call of peer 2. */
  readonly garbage: Readonly<Record<string, string>>;
}

const lineTools: readonly LineTool[] = [
  {
    program: 'ip',
    identity: '-V',
    script: 'ip route add "$SUBNET" dev "$DEV"',
    obstruct: 'ip route add 10.7.2.0/24 dev vx',
    garbage: { SUBNET: '10.7.2.0/99' },
  },
  {
    program: 'bridge',
    identity: '-V',
    script: 'bridge fdb add "$VTEP" dev "$DEV" dst "$PUBLIC_IP"',
    obstruct: 'bridge fdb add 02:00:00:00:07:02 dev vx dst 192.0.2.99',
    garbage: { PUBLIC_IP: 'rubbish' },
  },
  {
    program: 'arp',
    identity: '-V',
    script: 'arp -s "$ADDR" "$VTEP" dev "$DEV"',
    obstruct: '',
    garbage: { ADDR: '10.7.999.9' },
  },
];

for (const tool of lineTools) {
  describe(`calls of ${tool.program} in one process`, { skip: reasonToSkip('arp') }, () => {
    const { program, script, identity } = tool;
    const real = execFileSync('sh', ['-c', `command -v ${program} || true`], { encoding: 'utf8' }).trim();
    const identify = `case $1 in ${identity}) exec ${real} ${identity} ;; esac`;
    let host: VxlanNamespace;

    before(async () => {
      host = await VxlanNamespace.make();
    });
    after(() => host.end());
    beforeEach(() => host.clear());

    /** Peers of which the one with the number 2 has other variables. */
    const inputs = (others: Readonly<Record<string, string>> = {}) =>
      peers(6).map((peer, number) => ({
        environment: {
          ...environmentOf(peer, systemPath),
          VTEP: peer.vtep,
          ADDR: peer.subnet.replace('/24', ''),
          DEV: 'vx',
          ...(number === 2 ? others : {}),
        },
        stdin: '',
      }));
    const run = (given: ReturnType<typeof inputs>, options?: WaveRunOptions) =>
      runInWaves(host.namespace.shell, script, given, options);
    const serially = (given: ReturnType<typeof inputs>): readonly string[] => {
      for (const { environment } of given) host.run(`{ ${script}\n} 2>/dev/null || true`, environment);
      return host.entries;
    };

    /** Runs peers in waves: the one with the number 2 fails, and the kernel is as after a shell for each. */
    async function assertOneFails(given: ReturnType<typeof inputs>, options?: WaveRunOptions): Promise<void> {
      host.run(tool.obstruct);
      const serial = serially(given);
      host.clear();
      host.run(tool.obstruct);
      const ends = await run(given, options);
      assert.deepEqual(
        ends.map(({ kind }) => kind),
        [...ok(2), 'failed', ...ok(3)],
      );
      assert.deepEqual(host.entries, serial);
    }

    const absent = tool.obstruct === '' ? { DEV: 'absent' } : {};

    it('fail alone where the kernel refuses one', () => assertOneFails(inputs(absent)));

    it('fail alone where the program cannot parse one', () => assertOneFails(inputs(tool.garbage)));

    it('end as the program says, whatever its status', async (t) => {
      for (const status of [0, 1]) {
        host.clear();
        const lie = `${identify}; ${real} "$@"; exit ${status}`;
        await assertOneFails(inputs(absent), { PATH: pathWith(t, program, lie) });
      }
    });

    it('are unsure where the program ends without a word, is killed or hangs', async (t) => {
      const ending = (text: string, timeoutMs?: number) =>
        run(inputs(), {
          PATH: pathWith(t, program, `${identify}; ${text}`),
          ...(timeoutMs ? { timeoutMs } : {}),
        });
      for (const text of ['exit 0', 'exit 1', `${real} "$@" 2>/dev/null`, 'kill -9 $$'])
        assert.equal(kindsOf(await ending(text)), 'unsure', text);
      const hung = await ending('exec sleep 60', 300);
      assert.equal(kindsOf(hung), 'unsure');
      const [first] = hung;
      assert(first?.kind === 'unsure');
      assert.equal(first.last?.how, 'did not end within 300 ms');
    });
  });
}
