import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ProgramCall } from '../../src/compile/call.ts';
import { planWave } from '../../src/waves/plan-wave.ts';
import { batchTools } from '../../src/waves/tools/table.ts';
import { importMutant, type SourceMutant } from '../support/source-mutant.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { checkAgainstShells, checkAllKilled, checkKilled, world, type Waves } from './worlds.ts';

/** A rule of the waves, broken on purpose. */
interface Mutant extends SourceMutant {
  readonly rule: string;
  /** A call that must not share a process, and does; without one, the peers of a random world end otherwise. */
  readonly alone?: string;
}

type Plan = typeof planWave;

const mutants: readonly Mutant[] = [
  {
    rule: 'only plain words enter a line',
    file: 'src/waves/tools/batch-tool.ts',
    from: 'words.every((word) => plainWord.test(word))',
    to: "words.every((word) => word !== '')",
  },
  {
    rule: 'ip batches only verbs that change the kernel',
    file: 'src/waves/tools/iproute.ts',
    from: "'change', 'replace', 'del', 'delete']",
    to: "'change', 'replace', 'del', 'delete', 'get']",
    alone: 'ip route get 10.0.0.1',
  },
  {
    rule: 'ip batches only some objects',
    file: 'src/waves/tools/iproute.ts',
    from: '!ipObjects.has(object) || !verbs.has(verb)',
    to: '!verbs.has(verb)',
    alone: 'ip netns add a',
  },
  {
    rule: 'bridge batches only fdb',
    file: 'src/waves/tools/iproute.ts',
    from: "object !== 'fdb' || ",
    to: '',
    alone: 'bridge vlan add vid 1 dev x',
  },
  {
    rule: 'ip -4 and ip -6 do not share a process',
    file: 'src/waves/plan-wave.ts',
    from: "[tool.program, ...batch.options].join(' ')",
    to: 'tool.program',
    alone: 'ip -6 route add b|ip route add b',
  },
  {
    rule: 'arp takes addresses only',
    file: 'src/waves/tools/arp.ts',
    from: '|| !address.test(host)',
    to: '',
    alone: 'arp -s host.example 02:00:00:00:00:01',
  },
  {
    rule: 'arp -d has no line',
    file: 'src/waves/tools/arp.ts',
    from: "option !== '-s' ||",
    to: '',
    alone: 'arp -d 10.0.0.1 02:00:00:00:00:01',
  },
  {
    rule: 'wg takes addresses only',
    file: 'src/waves/tools/wg.ts',
    from: 'endpoint: /^(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9A-Fa-f:.]+\\]):\\d+$/,',
    to: 'endpoint: /^.+$/,',
    alone: 'wg set wg0 peer x endpoint host.example:51820',
  },
  {
    rule: 'a key from the standard input is read by one call only',
    file: 'src/waves/tools/wg.ts',
    from: "else if (option === 'preshared-key' && readsOpenFile(value)) return undefined;",
    to: '',
    alone: 'wg set wg0 peer x preshared-key /dev/stdin',
  },
  {
    rule: 'options of the device do not share a process',
    file: 'src/waves/tools/wg.ts',
    from: "|| words[0] !== 'peer'",
    to: "|| words.includes('none')",
    alone: 'wg set wg0 remove peer x',
  },
  {
    rule: 'nft changes only elements and adds only rules',
    file: 'src/waves/tools/nft.ts',
    from: 'if (!changesSet.test(line) && !(addsRule.test(line) && !place.test(line))) return undefined;',
    to: '',
    alone: 'nft flush ruleset',
  },
  {
    rule: 'a rule that names its place does not share a transaction',
    file: 'src/waves/tools/nft.ts',
    from: ' && !place.test(line)',
    to: '',
    alone: 'nft add rule ip t c index 0 accept',
  },
  {
    rule: 'a call whose environment alters its program is alone',
    file: 'src/waves/plan-wave.ts',
    from: 'if (ofPrograms.test(name)) return true;',
    to: '',
    alone: 'LD_PRELOAD=x ip route add a',
  },
  {
    rule: 'a line with a report was refused',
    file: 'src/waves/batch-report.ts',
    from: 'if (number % 2 === 1) refused =',
    to: 'if (number < 0) refused =',
  },
  {
    rule: 'the line at which the program ended was refused',
    file: 'src/waves/batch-report.ts',
    from: "if (ends.length < count) ends.push({ kind: 'refused', message: message.join('\\n') });",
    to: "if (ends.length < count) ends.push({ kind: 'succeeded' });",
  },
  {
    rule: 'lines that were not read are sent again',
    file: 'src/waves/run-waves.ts',
    from: 'else unread.push(entry);',
    to: 'else goOn(entry.owner, succeeded);',
  },
  {
    rule: 'the last line of a killed program is not known',
    file: 'src/waves/run-waves.ts',
    from: "(isLast && end.kind === 'refused')",
    to: 'isLast && false',
  },
  {
    rule: 'the lines that a killed program did not read are not known',
    file: 'src/waves/run-waves.ts',
    from: "(!isWhole && (end === undefined || end.kind === 'unread' ||",
    to: '(!isWhole && (end === undefined ||',
  },
  {
    rule: 'a program that is killed alone is not known to have failed',
    file: 'src/waves/run-call.ts',
    from: "case 'killed':\n    case 'timed-out':",
    to: "case 'killed':\n      return { kind: 'failed', how, message };\n    case 'timed-out':",
  },
  {
    rule: 'a peer that is not known goes no further',
    file: 'src/waves/run-waves.ts',
    from: "return step.kind === 'call' && !isUnsure;",
    to: "return step.kind === 'call' && isUnsure !== undefined;",
  },
  {
    rule: 'calls that wg refuses are made again',
    file: 'src/waves/tools/wg.ts',
    from: "return succeeded && messages === '' ? 'succeeded' : 'repeat';",
    to: "return succeeded || messages !== '' ? 'succeeded' : 'repeat';",
  },
  {
    rule: 'calls that nft refuses are made again',
    file: 'src/waves/tools/nft.ts',
    from: "return 'repeat';",
    to: "return 'succeeded';",
  },
  {
    rule: 'both halves of refused calls are made again',
    file: 'src/waves/run-waves.ts',
    from: 'waiting.push(some.slice(half), some.slice(0, half));',
    to: 'waiting.push(some.slice(0, half)); for (const { owner } of some.slice(half)) goOn(owner, succeeded);',
  },
  {
    rule: 'a configuration goes on only after whole sections of peers',
    file: 'src/waves/tools/wg.ts',
    from: "lines.join('')",
    to: "lines.slice(0, 1).join('')",
  },
  {
    rule: 'a call that failed is the failure of its peer',
    file: 'src/waves/run-waves.ts',
    from: 'progress.step = progress.script.run.next(end.kind);',
    to: "progress.step = progress.script.run.next('succeeded');",
  },
  {
    rule: 'stderr of a call that goes to /dev/null is not shown',
    file: 'src/waves/run-waves.ts',
    from: "end.message !== '' && step.call.stderr !== 'null'",
    to: "end.message !== ''",
  },
];

/** The random worlds in which a mutant has to be wrong. */
const worlds = fc.sample(world, { seed: 1, numRuns: 200 });

function callOf(text: string): ProgramCall {
  const words = text.split(' ');
  const assigned = words
    .filter((word) => /^[A-Z_]+=/.test(word))
    .map((word) => word.split('=') as [string, string]);
  const [program = '', ...rest] = words.slice(assigned.length);
  return {
    program,
    arguments: rest,
    environment: new Map(assigned),
    stdin: { kind: 'text', text: '' },
    stdout: 'stdout',
    stderr: 'stderr',
    span: { offset: 0, length: 0 },
  };
}

/** Whether calls of one wave share a process: twice the same, or two that are different. */
function share(plan: Plan, tools: typeof batchTools, text: string): boolean {
  const [first = '', second = first] = text.split('|');
  const calls = [first, second].map((each, owner) => ({ call: callOf(each), owner }));
  return plan(calls, tools).some(({ kind }) => kind === 'batch');
}

async function isWrong(waves: Waves): Promise<boolean> {
  for (const given of worlds) {
    try {
      await checkAgainstShells(given, waves);
      await checkKilled(given, waves);
      await checkAllKilled(given, waves);
    } catch {
      return true;
    }
  }
  return false;
}

const entry = [
  "export { runWaves } from './src/waves/run-waves.ts';",
  "export { planWave } from './src/waves/plan-wave.ts';",
  "export { batchTools } from './src/waves/tools/table.ts';",
].join('\n');

describe('without one of their rules, the waves are wrong', () => {
  for (const [index, mutant] of mutants.entries()) {
    it(mutant.rule, async (t) => {
      const outfile = join(temporaryDirectory(t), `mutant-${index}.mjs`);
      const broken = (await importMutant(mutant, entry, outfile)) as Waves & { readonly planWave: Plan };
      const { alone } = mutant;
      if (alone === undefined) {
        assert.ok(await isWrong(broken), 'it does what a shell for each peer does');
        return;
      }
      assert.equal(share(planWave, batchTools, alone), false);
      assert.equal(share(broken.planWave, broken.batchTools, alone), true);
    });
  }
});
