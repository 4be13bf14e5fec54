import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import type { ScriptCase } from '../compile/random-script.ts';
import { peerCase, recipeCommands } from '../compile/recipe-commands.ts';
import {
  checkAgainstShells,
  checkAllKilled,
  checkKilled,
  compareWithShells,
  compile,
  kernelOf,
  world,
} from './worlds.ts';

/** More cases: `WAVE_CASES=20000 node --import tsx --test test/waves/waves-equal-shells.test.ts`. */
const numRuns = Number(process.env['WAVE_CASES'] ?? 400);
const seed = Number(process.env['WAVE_SEED'] ?? 1);

test('peers in waves end as a shell for each of them does, and so does the kernel', async () => {
  await fc.assert(
    fc.asyncProperty(world, (given) => checkAgainstShells(given)),
    { numRuns, seed },
  );
});

test('a killed process leaves no peer whose calls are taken for made or not made without proof', async () => {
  let unsure = 0;
  const property = fc.asyncProperty(world, async (given) => {
    unsure += await checkKilled(given);
  });
  await fc.assert(property, { numRuns, seed });
  assert.ok(unsure > numRuns / 20, `only ${unsure} peers were unsure`);
});

test('after a killed process, no other one begins for its peers', async () => {
  await fc.assert(
    fc.asyncProperty(world, (given) => checkAllKilled(given)),
    { numRuns: numRuns / 4, seed },
  );
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
        compiled += await compareWithShells(
          () => list.flatMap(start),
          () => kernelOf(refused, names),
        );
      });
      await fc.assert(property, { numRuns: 20, seed });
      if (compiled === 0) t.diagnostic('only the shell runs it');
    });
  }
});
