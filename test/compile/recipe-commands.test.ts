import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { compileCase, runCompiled } from './compiled-run.ts';
import { peerCase, prefixedNames, recipeCommands } from './recipe-commands.ts';
import { RecordingShell, type RecordingPrograms } from './recorded-run.ts';
import { shells } from './shells.ts';

/** More peers for each command: `COMPILED_PEERS=1000 node --import tsx --test test/compile/recipe-commands.test.ts`. */
const numRuns = Number(process.env['COMPILED_PEERS'] ?? 40);

/** Those that the shell runs for every peer: they read what a program prints, or write files. */
const leftToShell: readonly string[] = [
  'recipes/ali-vpc.json SubnetRemoveCommand',
  'recipes/aws-vpc.json SubnetRemoveCommand',
  'recipes/gce.json SubnetRemoveCommand',
  'recipes/ipsec.json SubnetAddCommand',
  'recipes/ipsec.json SubnetRemoveCommand',
  'recipes/tencent-vpc.json SubnetRemoveCommand',
  'recipes/udp.json SubnetAddCommand',
  'recipes/udp.json SubnetRemoveCommand',
  'test/recipes/batch-host-gw.json SubnetAddCommand',
  'test/recipes/batch-host-gw.json SubnetRemoveCommand',
];

const programs: RecordingPrograms = {
  names: prefixedNames,
  readers: ['p-wg'],
  watched: ['ADDR', 'SUBNET', 'PUBLIC_IP', 'IPV6SUBNET', 'PSK'],
};

const commands = recipeCommands('prefixed');

describe('the command of a recipe, compiled', () => {
  for (const command of commands.filter(({ title }) => !leftToShell.includes(title))) {
    it(`calls, prints and ends as in dash, BusyBox and bash: ${command.title}`, async (t) => {
      const directory = temporaryDirectory(t);
      const recording = shells.map(
        (shell) => new RecordingShell(shell, join(directory, shell.name), programs),
      );
      const cases = fc.sample(peerCase(command, 'hostile'), { seed: 1, numRuns }).flatMap((given) => {
        const compilation = compileCase(given, programs);
        return compilation.kind === 'shell'
          ? []
          : [{ given, expected: runCompiled(compilation, given, programs) }];
      });
      assert.ok(cases.length > numRuns / 3, `only ${cases.length} of ${numRuns} peers are compiled`);
      for (const shell of recording) {
        const recorded = await shell.runAll(cases.map(({ given }) => given));
        for (const [index, { given, expected }] of cases.entries())
          assert.deepEqual(recorded[index], expected, JSON.stringify(given));
      }
    });
  }
});

test('the commands that are left to the shell are those that this test names', () => {
  const left = commands.filter((command) => {
    const ends = fc.sample(peerCase(command, 'hostile'), { seed: 1, numRuns });
    return ends.filter((given) => compileCase(given, programs).kind === 'shell').length > numRuns / 2;
  });
  assert.deepEqual(
    left.map(({ title }) => title),
    leftToShell,
  );
  assert.ok(commands.length >= 15, `there are only ${commands.length} commands`);
});
