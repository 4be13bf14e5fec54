import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { prepareScripts } from '../../../src/shell/script.ts';
import { createOneShotShell } from '../../../src/shell/one-shot-shell.ts';
import { createWorkerPool } from '../../../src/shell/pool/worker-pool.ts';
import type { Outcome } from '../../../src/shell/shell.ts';
import { jobOf } from '../command.ts';
import { bash, hasBash, shellPrograms } from '../implementations.ts';
import { failingScript } from './random-script.ts';

/** How many random scripts each shell runs: `RANDOM_SCRIPTS=3000` looks harder than every run of the suite does. */
const numRuns = Number(process.env['RANDOM_SCRIPTS'] ?? 60);

const all = [...shellPrograms, { name: 'bash in POSIX mode', program: bash }];

function resultOf(outcome: Outcome): unknown {
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  return { exitCode: outcome.exitCode, stdout: outcome.stdout.text, stderr: outcome.stderr.text };
}

for (const { name, program } of all) {
  describe(`the failing line of random scripts: ${name}`, { skip: program === bash && !hasBash }, () => {
    const shells = [createOneShotShell({ program }), createWorkerPool({ size: 1, program })];
    after(async () => {
      await Promise.all(shells.map((shell) => shell.close()));
    });

    test('is the line that failed, and a note changes nothing that the script does', async () => {
      await fc.assert(
        fc.asyncProperty(failingScript, async ({ lines, line }) => {
          // bash 5.2 misreads what follows a here-document in a substitution: a group `true; false` ends with 0, and a loop is a syntax error.
          const text = lines.join('\n');
          fc.pre(program !== bash || !(text.includes('$(set -e') && text.includes('<<EOF')));
          const [script] = await prepareScripts([{ text, stopOnError: true }], program);
          assert.ok(script !== undefined && script.notes.length > 0);
          const results: unknown[] = [];
          for (const shell of shells) {
            const noted = await shell.run(jobOf('', { script }));
            results.push(resultOf(noted));
            assert.equal(noted.kind === 'failed' ? noted.line : undefined, line);
            const plain = await shell.run(jobOf('', { script: { ...script, notes: [] } }));
            results.push(resultOf(plain));
          }
          for (const result of results) assert.deepEqual(result, results[0]);
        }),
        { numRuns },
      );
    });
  });
}
