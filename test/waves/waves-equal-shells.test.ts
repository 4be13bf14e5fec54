import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { compileScript } from '../../src/compile/follow-script.ts';
import { parseScript } from '../../src/recipe/sh/parse-script.ts';
import { runWaves } from '../../src/waves/run-waves.ts';
import { batchTools, mayReadInput } from '../../src/waves/tools/table.ts';
import type { WaveEnd } from '../../src/waves/wave-end.ts';
import type { ScriptCase } from '../compile/random-script.ts';
import { peerCase, recipeCommands } from '../compile/recipe-commands.ts';
import { SimulatedKernel, SimulatedShell, type Kills } from './simulated-kernel.ts';

/** More cases: `WAVE_CASES=20000 node --import tsx --test test/waves/waves-equal-shells.test.ts`. */
const numRuns = Number(process.env['WAVE_CASES'] ?? 400);
const seed = Number(process.env['WAVE_SEED'] ?? 1);

/** Commands of authors: flannel's own, those of the documents, and some that decide from what a call ended with. */
const scripts = [
  'ip route add $SUBNET via $PUBLIC_IP dev vx onlink && arp -s $SUBNET_IP $MAC dev vx && bridge fdb add $MAC dev vx self dst $PUBLIC_IP',
  'ip route del $SUBNET; arp -d $SUBNET_IP; bridge fdb del $MAC dev vx',
  'ip route del $SUBNET || true\narp -d $SUBNET_IP || true\nbridge fdb del $MAC dev vx || true',
  'ip route add $SUBNET via $PUBLIC_IP || ip route replace $SUBNET via $PUBLIC_IP\nbridge fdb append $MAC dev vx',
  'if ip route del $SUBNET 2>/dev/null; then ip route add $SUBNET dev a; else ip route add $SUBNET dev b; fi; nft create element ip t s "{ $SUBNET }"',
  '! ip route add $SUBNET dev vx; wg set wg0 peer "$KEY" endpoint $PUBLIC_IP:51820 allowed-ips $SUBNET',
  'wg addconf wg0 /dev/stdin <<END\n[Peer]\nPublicKey = $KEY\nAllowedIPs = $SUBNET\nEND\nip route replace $SUBNET dev wg0',
  'wg set wg0 peer "$KEY" remove\nnft delete element ip t s "{ $SUBNET }"',
  'nft add element ip t s "{ $SUBNET }"; bridge fdb replace $MAC dev vx dst $PUBLIC_IP',
  'for n in 1 2; do ip route add $SUBNET dev vx || bridge fdb add $MAC dev vx; done',
  'ip route add "$WORD" dev vx; bridge fdb add $MAC dev vx',
] as const;

/** A word that no shell splits and that the tools refuse, or that would be more than one word in a line. */
const odd = fc.constantFrom(
  'rubbish',
  '10.0.0.0/8 dev lo',
  '10.9.N.0/24',
  '',
  '#',
  '10.9.N.0/24\nroute del 10.50.1.0/24',
);

interface ModelPeer {
  readonly number: number;
  readonly word: string;
  readonly key: string;
}

const peers = fc
  .uniqueArray(fc.record({ number: fc.nat(200), word: odd, hasKey: fc.integer({ min: 0, max: 9 }) }), {
    minLength: 1,
    maxLength: 14,
    selector: ({ number }) => number,
  })
  .map((list) =>
    list.map(({ number, word, hasKey }): ModelPeer => ({
      number,
      // No two peers share an entry: between them, no order is promised.
      word: word.replace('N', `${number}`),
      key: hasKey === 0 ? `bad${number}` : `key${number}`,
    })),
  );

const world = fc.record({
  script: fc.constantFrom(...scripts),
  exitsOnFailure: fc.boolean(),
  peers,
  /** Peers some of whose entries are there before. */
  there: fc.array(fc.nat(200), { maxLength: 100 }),
  /** Peers whose calls the kernel refuses, by their subnet or their MAC. */
  refused: fc.array(fc.tuple(fc.nat(200), fc.boolean()), { maxLength: 60 }),
  /** Processes that are killed, and after how many of their calls. */
  killed: fc.array(fc.tuple(fc.nat(6), fc.nat(8)), { maxLength: 2 }),
});

function environmentOf({ number, word, key }: ModelPeer): Record<string, string> {
  return {
    SUBNET: `10.50.${number}.0/24`,
    SUBNET_IP: `10.50.${number}.0`,
    PUBLIC_IP: `192.0.2.${number}`,
    MAC: macOf(number),
    WORD: word,
    KEY: key,
  };
}

function macOf(number: number): string {
  return `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
}

function kernelOf(
  there: readonly number[],
  refused: readonly (readonly [number, boolean])[],
): SimulatedKernel {
  const names = refused.map(([number, isMac]) => (isMac ? macOf(number) : `10.50.${number}.0/24`));
  const entries = there.flatMap((number): [string, string][] => {
    const { SUBNET, MAC } = environmentOf({ number, word: '', key: '' });
    const all: [string, string][] = [
      [`route ${SUBNET ?? ''}`, 'old'],
      [`fdb ${MAC ?? ''}`, 'old'],
      [`element ${SUBNET ?? ''}`, ''],
    ];
    return all.filter((_, index) => (number >> index) & 1);
  });
  return new SimulatedKernel(new Set(names), entries);
}

function compilePeer(script: string, exitsOnFailure: boolean, peer: ModelPeer) {
  return compile(script, exitsOnFailure, environmentOf(peer)) ?? assert.fail('it is not compiled');
}

function compile(
  script: string,
  exitsOnFailure: boolean,
  environment: Readonly<Record<string, string>>,
  stdin = '',
) {
  const compilation = compileScript({
    tree: parseScript(script),
    source: script,
    exitsOnFailure,
    environment,
    shared: {},
    stdin,
    programs: { has: () => true, mayReadInput },
  });
  if (compilation.kind === 'shell') return undefined;
  return { run: compilation.start(), environment };
}

/** What a shell for the peer does: one call after the other. */
function runSerially(
  kernel: SimulatedKernel,
  { run }: ReturnType<typeof compilePeer>,
): { readonly kind: string; readonly stderr: string } {
  const messages: string[] = [];
  let step = run.next();
  while (step.kind === 'call') {
    const { program, arguments: words, stdin, stderr } = step.call;
    const { outcome, message } = kernel.call(program, words, stdin.kind === 'text' ? stdin.text : '');
    if (message !== '' && stderr !== 'null') messages.push(message);
    step = run.next(outcome);
  }
  return { kind: step.succeeded ? 'succeeded' : 'failed', stderr: messages.join('\n') };
}

function runInWaves(
  kernel: SimulatedKernel,
  running: readonly ReturnType<typeof compilePeer>[],
  kills?: Kills,
  mayGoOn = () => true,
): Promise<readonly WaveEnd[]> {
  const { signal } = new AbortController();
  return runWaves(running, {
    shell: new SimulatedShell(kernel, kills),
    tools: batchTools,
    cwd: '/',
    timeoutMs: 1000,
    concurrency: 3,
    signal,
    mayGoOn,
  });
}

test('peers in waves end as a shell for each of them does, and so does the kernel', async () => {
  let batched = 0;
  await fc.assert(
    fc.asyncProperty(world, async ({ script, exitsOnFailure, peers: list, there, refused }) => {
      const serialKernel = kernelOf(there, refused);
      const serial = list.map((peer) => runSerially(serialKernel, compilePeer(script, exitsOnFailure, peer)));
      const kernel = kernelOf(there, refused);
      const shell = list.map((peer) => compilePeer(script, exitsOnFailure, peer));
      const ends = await runInWaves(kernel, shell);
      assert.deepEqual(kernel.dump, serialKernel.dump);
      assert.deepEqual(
        ends.map((end) => ({ kind: end.kind, stderr: end.kind === 'stopped' ? '' : end.stderr })),
        serial,
      );
      batched += list.length > 1 ? 1 : 0;
    }),
    { numRuns, seed },
  );
  assert.ok(batched > numRuns / 2);
});

test('a killed process leaves no peer whose calls are taken for made or not made without proof', async () => {
  let unsure = 0;
  await fc.assert(
    fc.asyncProperty(world, async ({ script, exitsOnFailure, peers: list, there, refused, killed }) => {
      const kernel = kernelOf(there, refused);
      const kills = new Map(killed);
      const running = list.map((peer) => compilePeer(script, exitsOnFailure, peer));
      const ends = await runInWaves(kernel, running, (process) => kills.get(process));
      for (const [index, end] of ends.entries()) {
        const peer = list[index];
        assert(peer !== undefined);
        if (end.kind === 'unsure') {
          unsure += 1;
          continue;
        }
        // All that a peer whose end is known has in the kernel is what its own shell would have left there.
        const alone = kernelOf(there, refused);
        const expected = runSerially(alone, compilePeer(script, exitsOnFailure, peer));
        assert.equal(end.kind, expected.kind);
        const { SUBNET = '', MAC = '', KEY = '' } = environmentOf(peer);
        const own = (dump: readonly string[]) =>
          dump.filter(
            (entry) =>
              [SUBNET, MAC].some((name) => entry.includes(`${name} `)) || entry.startsWith(`peer ${KEY} `),
          );
        assert.deepEqual(own(kernel.dump), own(alone.dump));
      }
    }),
    { numRuns, seed },
  );
  assert.ok(unsure > numRuns / 20, `only ${unsure} peers were unsure`);
});

describe('peers of a recipe in waves end as a shell for each of them does', () => {
  for (const command of recipeCommands('own')) {
    it(command.title, async (t) => {
      const peersOf = fc.uniqueArray(peerCase(command, 'usual'), {
        minLength: 2,
        maxLength: 12,
        selector: ({ environment: { PUBLIC_IP, PUBLIC_IPV6 } }) =>
          Number.parseInt(PUBLIC_IP?.split('.')[3] ?? '') ||
          Number.parseInt(PUBLIC_IPV6?.split('::')[1] ?? '', 16),
      });
      let compiled = 0;
      const property = fc.asyncProperty(peersOf, fc.array(fc.nat(255)), async (list, refused) => {
        const start = ({ script, exitsOnFailure, environment, stdin }: ScriptCase) =>
          compile(script, exitsOnFailure, environment, stdin) ?? [];
        const names = refused.map((number) => [number, false] as const);
        const serialKernel = kernelOf(refused, names);
        const serial = list.flatMap(start).map((each) => runSerially(serialKernel, each));
        const kernel = kernelOf(refused, names);
        const ends = await runInWaves(kernel, list.flatMap(start));
        compiled += ends.length;
        assert.deepEqual(kernel.dump, serialKernel.dump);
        assert.deepEqual(
          ends.map((end) => ({ kind: end.kind, stderr: end.kind === 'stopped' ? '' : end.stderr })),
          serial,
        );
      });
      await fc.assert(property, { numRuns: 20, seed });
      if (compiled === 0) t.diagnostic('only the shell runs it');
    });
  }
});
