import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { compileCase, runCompiled } from './compiled-run.ts';
import { scriptCase, type ScriptCase } from './random-script.ts';
import { randomPrograms, RecordingShell } from './recorded-run.ts';
import { shells } from './shells.ts';

/** In CI, one Node runs as many as the proof asks for: what a shell does does not depend on the Node. */
const isThorough = process.env['CI'] === 'true' && process.versions.node.startsWith('20.');

/**
 * More cases, and others, find rarer defects:
 * `COMPILED_SCRIPTS=100000 COMPILED_SEED=$(date +%s) node --import tsx --test test/compile/random-scripts.test.ts`.
 */
const wanted = Number(process.env['COMPILED_SCRIPTS'] ?? (isThorough ? 20_000 : 600));
const firstSeed = Number(process.env['COMPILED_SEED'] ?? 1);

/** The number of cases that have one seed, and that one shell starts. */
const together = 200;

/** The cases of one seed that are compiled, each with what the compiled script does. */
function compiledCases(seed: number) {
  return fc.sample(scriptCase, { seed, numRuns: together }).flatMap((given) => {
    const compilation = compileCase(given, randomPrograms);
    return compilation.kind === 'shell'
      ? []
      : [{ given, expected: runCompiled(compilation, given, randomPrograms) }];
  });
}

describe('a compiled random script', () => {
  it('calls, prints and ends as in dash, BusyBox and bash', { timeout: 60_000 + wanted * 30 }, async (t) => {
    const directory = temporaryDirectory(t);
    const recording = shells.map(
      (shell) => new RecordingShell(shell, join(directory, shell.name), randomPrograms),
    );
    const rounds = Math.ceil(wanted / together);
    let compiled = 0;

    /** Compares the cases of a seed; a case that differs is made as small as possible. */
    const compare = async (seed: number, cases: ReturnType<typeof compiledCases>): Promise<void> => {
      compiled += cases.length;
      const given = cases.map((each) => each.given);
      for (const recorded of await Promise.all(recording.map((shell) => shell.runAll(given)))) {
        const differs = cases.some(({ expected }, index) => !isEqual(recorded[index], expected));
        if (!differs) continue;
        await shrink(seed);
        assert.fail(`cases of the seed ${seed} differ only if one shell starts them all`);
      }
    };

    const shrink = (seed: number): Promise<void> =>
      fc.assert(
        fc.asyncProperty(scriptCase, async (given: ScriptCase) => {
          const compilation = compileCase(given, randomPrograms);
          if (compilation.kind === 'shell') return;
          const expected = runCompiled(compilation, given, randomPrograms);
          for (const recorded of await Promise.all(recording.map((shell) => shell.run(given))))
            assert.deepEqual(recorded, expected, given.script);
        }),
        { seed, numRuns: together },
      );

    // The shells run the cases of one seed while those of the next are made.
    let running = Promise.resolve();
    for (let round = 0; round < rounds; round += 1) {
      const cases = compiledCases(firstSeed + round);
      await running;
      running = compare(firstSeed + round, cases);
    }
    await running;
    t.diagnostic(`${compiled} of ${rounds * together} scripts are compiled`);
    assert(compiled > wanted / 5, 'the random scripts are nearly all left to the shell');
  });
});

function isEqual(recorded: unknown, expected: unknown): boolean {
  try {
    assert.deepEqual(recorded, expected);
    return true;
  } catch {
    return false;
  }
}
