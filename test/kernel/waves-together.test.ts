import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';
import { BareNamespace } from './harness/bare-namespace.ts';
import { kindsOf, pathWith, runInWaves, systemPath } from './harness/wave-runs.ts';

/*
 * The tools that refuse all calls of a process because of one. Each way a process can end: a call is refused, a call cannot be parsed,
 * the program is killed, it hangs, or its exit status lies.
 */

interface TogetherTool {
  readonly program: string;
  /** Makes the device or the tables, without any entry. */
  readonly clear: string;
  /** The script of a peer with the number N and the word W. */
  readonly script: string;
  /** Prints the entries of all peers. */
  readonly show: string;
  /** Makes the kernel refuse the call of peer 5, which the tool can parse. */
  readonly obstruct: string;
  /** Text of a program that refuses the call of peer 5, where the kernel would refuse none. */
  readonly refuse: string;
  /** A word W that the tool cannot parse. */
  readonly garbage: string;
  readonly wordOf: (number: number) => string;
}

const keyOf = (number: number): string => Buffer.alloc(32, number + 1).toString('base64');

const wgClear = 'wg setconf wg0 /dev/null';
const wgSet: TogetherTool = {
  program: 'wg',
  clear: wgClear,
  script:
    'wg set wg0 peer "$W" endpoint 192.0.2.$N:51820 persistent-keepalive 0 allowed-ips "10.7.$N.0/24,fd00:7:0:$N::/64"',
  show: 'wg show wg0 dump | tail -n +2 | cut -f 1,2,3,4,8 | sort',
  obstruct: '',
  // All calls of the process are made, and so some are made again.
  refuse: `input=; [ "$1" != addconf ] || input=$(cat)
printf '%s\\n' "$input" | "$REAL" "$@" || exit
case "$* $input" in *"${keyOf(5)}"*) echo 'Unable to modify interface: No such process' >&2; exit 1 ;; esac`,
  garbage: 'no-key',
  wordOf: keyOf,
};
const wgAddconf: TogetherTool = {
  ...wgSet,
  script: `wg addconf wg0 /dev/stdin <<END
[Peer]
PublicKey = $W
PresharedKey = ${keyOf(99)}
Endpoint = [2001:db8::$N]:51820
AllowedIPs = 10.7.$N.0/24
END`,
};
const nftElement: TogetherTool = {
  program: 'nft',
  clear:
    'nft delete table ip t 2>/dev/null || true; nft -f - <<END\nadd table ip t\nadd set ip t s { type ipv4_addr; flags interval; }\nEND',
  script: 'nft create element ip t s "{ $W }"',
  show: 'nft list set ip t s',
  obstruct: 'nft add element ip t s "{ 10.7.5.0/24 }"',
  refuse: 'exec "$REAL" "$@"',
  garbage: '10.7.5.0/99',
  wordOf: (number) => `10.7.${number}.0/24`,
};
const nftRule: TogetherTool = {
  ...nftElement,
  clear: 'nft delete table ip t 2>/dev/null || true; nft -f - <<END\nadd table ip t\nadd chain ip t c\nEND',
  script:
    'if [ "$N" = "$OBSTACLE" ]; then chain=absent; else chain=c; fi; nft add rule ip t "$chain" ip saddr "$W" counter accept',
  show: 'nft list chain ip t c | sort',
  obstruct: '',
};

const tools: readonly (readonly [string, TogetherTool])[] = [
  ['wg set', wgSet],
  ['wg addconf', wgAddconf],
  ['nft create element', nftElement],
  ['nft add rule', nftRule],
];

describe(
  'calls that a tool makes together or not at all',
  { skip: reasonToSkip('wg', 'wireguard-go', 'nft') },
  () => {
    let host: BareNamespace;
    const numbers = Array.from({ length: 9 }, (_, number) => number);

    before(async () => {
      host = await BareNamespace.make();
      host.serve('wireguard-go', '-f', 'wg0');
      await until('wireguard-go answers', () =>
        host.run('wg show wg0 2>&1 || true').startsWith('interface: wg0'),
      );
    });
    after(() => host.end());

    for (const [name, tool] of tools) {
      describe(name, () => {
        const { program, script, show } = tool;
        const real = execFileSync('sh', ['-c', `command -v ${program} || true`], { encoding: 'utf8' }).trim();
        const identify = `case $1 in --version) exec ${real} --version ;; esac`;

        const inputs = (obstacle = -1, wordOf = tool.wordOf) =>
          numbers.map((number) => ({
            environment: { N: `${number}`, OBSTACLE: `${obstacle}`, W: wordOf(number) },
            stdin: '',
          }));
        const run = (given = inputs(), options?: Parameters<typeof runInWaves>[3]) =>
          runInWaves(host.shell, script, given, options);
        /** The entries that a shell for each input leaves. */
        const serially = (given: ReturnType<typeof inputs>, PATH = systemPath): string => {
          for (const { environment } of given)
            host.run(`{ ${script}\n} 2>/dev/null || true`, { ...environment, PATH });
          return host.run(show);
        };

        beforeEach(() => host.run(tool.clear));

        it('leave what a shell for each leaves, in one process', async (t) => {
          const serial = serially(inputs());
          assert.match(serial, /10\.7\.8\.0/);
          host.run(tool.clear);
          const log = join(temporaryDirectory(t), 'log');
          const PATH = pathWith(t, program, `${identify}; echo run >>${log}; exec ${real} "$@"`);
          assert.equal(kindsOf(await run(inputs(), { PATH })), 'succeeded');
          assert.equal(host.run(show), serial);
          assert.equal(readFileSync(log, 'utf8'), 'run\n');
        });

        it('fail alone where the kernel refuses one', async (t) => {
          host.run(tool.obstruct);
          const given = inputs(5);
          const PATH = pathWith(t, program, `${identify}; REAL=${real}; ${tool.refuse}`);
          const serial = serially(given, PATH);
          host.run(`${tool.clear}\n${tool.obstruct}`);
          const ends = await run(given, { PATH });
          assert.deepEqual(
            ends.map(({ kind }) => kind),
            numbers.map((number) => (number === 5 ? 'failed' : 'succeeded')),
          );
          const failed = ends[5];
          assert(failed?.kind === 'failed');
          assert.match(failed.stderr, /File exists|No such/);
          assert.equal(host.run(show), serial);
        });

        it('fail alone where the tool cannot parse one', async () => {
          const given = inputs(-1, (number) => (number === 5 ? tool.garbage : tool.wordOf(number)));
          const serial = serially(given);
          host.run(tool.clear);
          const ends = await run(given);
          assert.deepEqual(
            ends.map(({ kind }) => kind),
            numbers.map((number) => (number === 5 ? 'failed' : 'succeeded')),
          );
          assert.equal(host.run(show), serial);
        });

        it('are unsure where the program is killed after its work', async (t) => {
          const PATH = pathWith(t, program, `${identify}; ${real} "$@"; kill -9 $$`);
          assert.equal(kindsOf(await run(inputs(), { PATH })), 'unsure');
        });

        it('are unsure where the program hangs', async (t) => {
          const PATH = pathWith(t, program, `${identify}; exec sleep 60`);
          const ends = await run(inputs(), { PATH, timeoutMs: 300 });
          assert.equal(kindsOf(ends), 'unsure');
          const [first] = ends;
          assert(first?.kind === 'unsure');
          assert.equal(first.last?.how, 'did not end within 300 ms');
        });

        it('are not believed to have succeeded by a status of 0', async (t) => {
          host.run(tool.obstruct);
          const given = inputs(5);
          const serial = serially(given);
          host.run(`${tool.clear}\n${tool.obstruct}`);
          await run(given, { PATH: pathWith(t, program, `${identify}; ${real} "$@"; exit 0`) });
          assert.equal(host.run(show), serial, 'the calls that could be made are made');
        });

        it('are not made twice because of another status than 0', async (t) => {
          const serial = serially(inputs());
          host.run(tool.clear);
          const PATH = pathWith(t, program, `${identify}; ${real} "$@"; exit 1`);
          const kinds = kindsOf(await run(inputs(), { PATH }));
          assert.equal(kinds, program === 'nft' ? 'unsure' : 'failed');
          assert.equal(host.run(show), serial);
        });

        it('are made one by one by a program that is not the one meant', async (t) => {
          const log = join(temporaryDirectory(t), 'log');
          const other = `case $1 in --version) echo other; exit 0 ;; esac; echo run >>${log}; exec ${real} "$@"`;
          assert.equal(kindsOf(await run(inputs(), { PATH: pathWith(t, program, other) })), 'succeeded');
          assert.equal(readFileSync(log, 'utf8'), 'run\n'.repeat(numbers.length));
        });
      });
    }

    it('remove peers as a call for each does, and leave the others', async () => {
      const input = (number: number) => ({
        environment: { N: `${number}`, OBSTACLE: '', W: keyOf(number) },
        stdin: '',
      });
      await runInWaves(host.shell, wgSet.script, numbers.map(input));
      const ends = await runInWaves(host.shell, 'wg set wg0 peer "$W" remove', [0, 1, 2, 50].map(input));
      assert.equal(kindsOf(ends), 'succeeded');
      assert.equal(
        host.run('wg show wg0 peers | sort'),
        numbers
          .slice(3)
          .map((number) => `${keyOf(number)}\n`)
          .sort()
          .join(''),
      );
    });

    it('fail in one process where the device is gone', async (t) => {
      const real = execFileSync('sh', ['-c', 'command -v wg'], { encoding: 'utf8' }).trim();
      const log = join(temporaryDirectory(t), 'log');
      const noting = `case $1 in --version) exec ${real} --version ;; esac; echo run >>${log}; exec ${real} "$@"`;
      const PATH = pathWith(t, 'wg', noting);
      const given = numbers.map((number) => ({ environment: { W: keyOf(number) }, stdin: '' }));
      const ends = await runInWaves(host.shell, 'wg set gone0 peer "$W" remove', given, { PATH });
      assert.equal(kindsOf(ends), 'failed');
      for (const end of ends)
        assert.match(end.kind === 'failed' ? end.stderr : '', /: (?:No such device|Protocol not supported)$/);
      assert.equal(readFileSync(log, 'utf8'), 'run\n');
    });

    it('take a pre-shared key from a file', async () => {
      host.run(`${wgClear}; echo '${keyOf(77)}' >/run/psk`);
      const script = `wg set wg0 peer "$W" preshared-key /run/psk allowed-ips "10.7.$N.0/24"`;
      const given = numbers.map((number) => ({
        environment: { N: `${number}`, W: keyOf(number) },
        stdin: '',
      }));
      assert.equal(kindsOf(await runInWaves(host.shell, script, given, { PATH: systemPath })), 'succeeded');
      assert.equal(host.run('wg show wg0 preshared-keys | cut -f 2 | uniq'), `${keyOf(77)}\n`);
    });
  },
);
