import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { compileScript } from '../../src/compile/follow-script.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { compileCase, runCompiled } from './compiled-run.ts';
import { mutants, type Mutant } from './mutant-table.ts';
import type { ScriptCase } from './random-script.ts';
import { randomPrograms, RecordingShell, type Recording } from './recorded-run.ts';
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

/** Builds the compiler with one of its rules broken. */
async function buildMutant({ file, from, to }: Mutant, outfile: string): Promise<Compile> {
  const path = resolve('src/compile', file);
  const text = await readFile(path, 'utf8');
  const parts = text.split(from);
  assert.equal(parts.length, 2, `${file} has the text of the mutant ${parts.length - 1} times: ${from}`);
  await build({
    entryPoints: ['src/compile/follow-script.ts'],
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
    outfile,
    plugins: [
      {
        name: 'mutant',
        setup: (bundle) => {
          bundle.onLoad({ filter: /\.ts$/ }, (source) =>
            source.path === path ? { contents: parts.join(to), loader: 'ts' } : undefined,
          );
        },
      },
    ],
  });
  const module = (await import(pathToFileURL(outfile).href)) as { readonly compileScript: Compile };
  return module.compileScript;
}

/** What a compiler makes of a case; undefined if it leaves the case to the shell. */
function runBy(compile: Compile, given: ScriptCase): Recording | undefined {
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

function isEqual(recorded: unknown, expected: unknown): boolean {
  try {
    assert.deepEqual(recorded, expected);
    return true;
  } catch {
    return false;
  }
}
