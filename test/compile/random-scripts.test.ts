import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { systemShell, type ShellProgram } from '../../src/shell/program.ts';
import { hasBash } from '../shell/implementations.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { compileCase, runCompiled } from './compiled-run.ts';
import { scriptCase } from './random-script.ts';
import { RecordingShell } from './recorded-run.ts';

/** Many more find rarer defects: `RANDOM_SCRIPTS=20000 node --import tsx --test test/compile/random-scripts.test.ts`. */
const numRuns = Number(process.env['RANDOM_SCRIPTS'] ?? 600);

const shells: readonly ShellProgram[] = [
  systemShell,
  { file: '/usr/bin/busybox', name: 'busybox', arguments: ['sh'] },
  // Without --norc, it takes a socket at its standard input for a login from afar.
  ...(hasBash ? [{ file: '/usr/bin/bash', name: 'bash', arguments: ['--norc', '--posix'] }] : []),
];

describe('a compiled random script', () => {
  it('calls, prints and ends as in dash, BusyBox and bash', { timeout: numRuns * 100 }, async (t) => {
    const directory = temporaryDirectory(t);
    const recording = shells.map((shell) => new RecordingShell(shell, join(directory, shell.name)));
    let compiled = 0;
    await fc.assert(
      fc.asyncProperty(scriptCase, async (given) => {
        const compilation = compileCase(given);
        if (compilation.kind === 'shell') return;
        compiled += 1;
        const expected = runCompiled(compilation, given);
        for (const recorded of await Promise.all(recording.map((shell) => shell.run(given)))) {
          assert.deepEqual(recorded, expected, given.script);
        }
      }),
      { numRuns },
    );
    t.diagnostic(`${compiled} of ${numRuns} scripts are compiled`);
    assert(compiled > numRuns / 5, 'the random scripts are nearly all left to the shell');
  });
});
