import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { compileScript } from '../../src/compile/follow-script.ts';
import { importMutant } from '../support/source-mutant.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { compileCase, runCompiled } from './compiled-run.ts';
import { mutants, type Mutant } from './mutant-table.ts';
import type { ScriptCase } from './random-script.ts';
import { randomPrograms, RecordingShell, type RunRecord } from './recorded-run.ts';
import { shells } from './shells.ts';

type Compile = typeof compileScript;

/** The programs that the compiler takes for there. A mutant takes a builtin for one of them. */
const programs = {
  ...randomPrograms,
  names: [...randomPrograms.names, 'eval', 'exec', 'trap', 'wait', 'cd', 'umask', 'ulimit', '.', 'alias'],
};

const usual = { exitsOnFailure: false, stdin: 'one two\nthree\n', failures: [] };
const environment = { X: 'a b', Y: '*', N: '7', E: '', W: 'é' };

const cases = mutants.map(({ script, given }): ScriptCase => ({ ...usual, environment, ...given, script }));

/** The compiler with one of its rules broken. */
async function buildMutant({ file, from, to }: Mutant, outfile: string): Promise<Compile> {
  const entry = "export { compileScript } from './src/compile/follow-script.ts';";
  const mutant = { file: `src/compile/${file}`, from, to };
  const { compileScript: compile } = (await importMutant(mutant, entry, outfile)) as {
    readonly compileScript: Compile;
  };
  return compile;
}

/** What a compiler makes of a case; undefined if it leaves the case to the shell. */
function runBy(compile: Compile, given: ScriptCase): RunRecord | undefined {
  const compilation = compileCase(given, programs, compile);
  return compilation.kind === 'shell' ? undefined : runCompiled(compilation, given, programs);
}

describe('without one of its rules, the compiler is wrong', () => {
  it('and with all of them, it does what every shell does', async (t) => {
    const directory = temporaryDirectory(t);
    const recorded = await Promise.all(
      shells.map((shell) =>
        new RecordingShell(shell, join(directory, shell.name), randomPrograms).runAll(cases),
      ),
    );
    const survivors: string[] = [];
    await Promise.all(
      mutants.map(async (mutant, index) => {
        const given = cases[index];
        assert(given !== undefined);
        const expected = recorded.map((recordings) => recordings[index]);
        const right = runBy(compileScript, given);
        for (const recording of right === undefined ? [] : expected)
          assert.deepEqual(recording, right, mutant.rule);
        const compile = await buildMutant(mutant, join(directory, `mutant-${index}.mjs`));
        const broken = runBy(compile, given);
        const isRight = expected.every((recording) => isEqual(recording, broken));
        if (broken === undefined || isRight) survivors.push(`${mutant.rule}: ${mutant.script}`);
      }),
    );
    assert.deepEqual(survivors, []);
    t.diagnostic(`${mutants.length} mutants fail`);
  });
});

/** The limits of what is followed. Beyond them the shell runs a script, which no recording shows: a mutant compiles it. */
const limits: readonly Mutant[] = [
  {
    rule: 'a script can go at most 64 ways',
    file: 'follow-script.ts',
    from: 'return ways > mostPaths ? undefined : {',
    to: 'return {',
    script: 'for a in 1 2 3 4 5 6 7; do p1 $a; done',
  },
  {
    rule: 'one way has at most 64 calls that can fail',
    file: 'follow-script.ts',
    from: 'if (depth >= mostPaths) return undefined;',
    to: '',
    script: Array.from({ length: 70 }, (_, n) => `p1 ${n} || true`).join('\n'),
  },
];

describe('without one of its limits, the compiler follows', () => {
  for (const limit of limits) {
    it(`what the shell should run: ${limit.rule}`, async (t) => {
      const given: ScriptCase = { ...usual, environment, script: limit.script };
      const compilation = compileCase(given, programs);
      assert.match(compilation.kind === 'shell' ? compilation.because : '', /more than 64 ways/);
      const compile = await buildMutant(limit, join(temporaryDirectory(t), 'mutant.mjs'));
      assert.notEqual(runBy(compile, given), undefined);
    });
  }
});

function isEqual(recorded: unknown, expected: unknown): boolean {
  try {
    assert.deepEqual(recorded, expected);
    return true;
  } catch {
    return false;
  }
}
