import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileScript, type ScriptRun } from '../../src/compile/follow-script.ts';
import { parseScript } from '../../src/recipe/sh/parse-script.ts';
import { planWave } from '../../src/waves/plan-wave.ts';
import { runWaves } from '../../src/waves/run-waves.ts';
import { batchTools, mayReadInput } from '../../src/waves/tools/table.ts';
import type { WaveEnd } from '../../src/waves/wave-end.ts';
import { SimulatedKernel, SimulatedShell, type Kills } from './simulated-kernel.ts';

/** The parts of `src/waves/`, which a mutant replaces. */
export interface Waves {
  readonly runWaves: typeof runWaves;
  readonly batchTools: typeof batchTools;
}

const waves: Waves = { runWaves, batchTools };

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

export const world = fc.record({
  script: fc.constantFrom(...scripts),
  exitsOnFailure: fc.boolean(),
  peers,
  /** Peers some of whose entries are there before. */
  there: fc.array(fc.nat(200), { maxLength: 100 }),
  /** Peers whose calls the kernel refuses, by their subnet or their MAC. */
  refused: fc.array(fc.tuple(fc.nat(200), fc.boolean()), { maxLength: 60 }),
  /** Processes that are killed, and after how many of their calls. */
  killed: fc.array(fc.tuple(fc.nat(4), fc.oneof(fc.nat(1), fc.nat(8))), { maxLength: 3 }),
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

/** A kernel in which some entries of some peers are there, and that refuses the calls of others. */
export function kernelOf(
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

interface RunningPeer {
  readonly run: ScriptRun;
  readonly environment: Readonly<Record<string, string>>;
}

function compilePeer(script: string, exitsOnFailure: boolean, peer: ModelPeer) {
  return compile(script, exitsOnFailure, environmentOf(peer)) ?? assert.fail('it is not compiled');
}

/** Undefined for a script that is left to the shell. */
export function compile(
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
  { run }: RunningPeer,
): { readonly kind: string; readonly stderr: string } {
  const messages: string[] = [];
  let step = run.next();
  while (step.kind === 'call') {
    const { program, arguments: words, stdin, stderr } = step.call;
    const { outcome, message } = kernel.call(program, words, stdin.kind === 'text' ? stdin.text : '');
    if (message !== '' && stderr !== 'null') messages.push(message);
    step = run.next(outcome);
  }
  for (const { to, text } of step.written) if (to === 'stderr') messages.push(text.trimEnd());
  return { kind: step.succeeded ? 'succeeded' : 'failed', stderr: messages.join('\n') };
}

function runInWaves(
  kernel: SimulatedKernel,
  running: readonly RunningPeer[],
  used: Waves,
  kills?: Kills,
): Promise<readonly WaveEnd[]> {
  return runIn(new SimulatedShell(kernel, kills), running, used);
}

function runIn(
  shell: SimulatedShell,
  running: readonly RunningPeer[],
  { runWaves: run, batchTools: tools }: Waves,
): Promise<readonly WaveEnd[]> {
  const { signal } = new AbortController();
  return run(running, {
    shell,
    tools,
    cwd: '/',
    timeoutMs: 1000,
    concurrency: 3,
    signal,
    mayGoOn: () => true,
  });
}

type World = typeof world extends fc.Arbitrary<infer Each> ? Each : never;

/** Runs the peers of a world in waves. The kernel, their ends and their messages must be those of a shell for each. */
export async function checkAgainstShells(
  { script, exitsOnFailure, peers: list, there, refused }: World,
  used = waves,
): Promise<void> {
  const start = (peer: ModelPeer) => compilePeer(script, exitsOnFailure, peer);
  await compareWithShells(
    () => list.map(start),
    () => kernelOf(there, refused),
    used,
  );
}

/** Compares waves with a shell for each, on equal kernels. Returns the number of peers. */
export async function compareWithShells(
  start: () => readonly RunningPeer[],
  makeKernel: () => SimulatedKernel,
  used = waves,
): Promise<number> {
  const serialKernel = makeKernel();
  const serial = start().map((peer) => runSerially(serialKernel, peer));
  const kernel = makeKernel();
  const ends = await runInWaves(kernel, start(), used);
  assert.deepEqual(kernel.dump, serialKernel.dump);
  assert.deepEqual(
    ends.map((end) => ({ kind: end.kind, stderr: 'stderr' in end ? end.stderr : '' })),
    serial,
  );
  return ends.length;
}

/**
 * Kills processes of a world. All that a peer whose end is known has in the kernel must be what its own shell would have left there.
 * Returns the number of peers whose end is not known.
 */
export async function checkKilled(
  { script, exitsOnFailure, peers: list, there, refused, killed }: World,
  used = waves,
): Promise<number> {
  const kernel = kernelOf(there, refused);
  const kills = new Map(killed);
  const running = list.map((peer) => compilePeer(script, exitsOnFailure, peer));
  const ends = await runInWaves(kernel, running, used, (process) => kills.get(process));
  for (const [index, end] of ends.entries()) {
    const peer = list[index];
    assert(peer !== undefined);
    if (end.kind === 'unsure') continue;
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
  return ends.filter(({ kind }) => kind === 'unsure').length;
}

/** Kills every process before its first call: no other one may begin, and nobody knows how a peer ended. */
export async function checkAllKilled(
  { script, exitsOnFailure, peers: list, there, refused }: World,
  used = waves,
): Promise<void> {
  const kernel = kernelOf(there, refused);
  const start = () => list.map((peer) => compilePeer(script, exitsOnFailure, peer));
  const calls = start().flatMap(({ run }, owner) => {
    const step = run.next();
    return step.kind === 'call' ? [{ call: step.call, owner }] : [];
  });
  const before = kernel.dump;
  const shell = new SimulatedShell(kernel, () => 0);
  const ends = await runIn(shell, start(), used);
  assert.deepEqual(kernel.dump, before);
  assert.equal(ends.filter(({ kind }) => kind === 'unsure').length, calls.length);
  assert.equal(shell.processes, planWave(calls, batchTools).length);
}
