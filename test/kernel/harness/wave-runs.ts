import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { compileScript } from '../../../src/compile/follow-script.ts';
import { parseScript } from '../../../src/recipe/sh/parse-script.ts';
import type { Shell } from '../../../src/shell/shell.ts';
import { findTools } from '../../../src/waves/find-tools.ts';
import { runWaves } from '../../../src/waves/run-waves.ts';
import { mayReadInput } from '../../../src/waves/tools/table.ts';
import type { WaveEnd } from '../../../src/waves/wave-end.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const systemPath = process.env['PATH'] ?? '';

/** The environment and the standard input of one peer's script. */
interface WaveInput {
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export interface WaveRunOptions {
  readonly PATH?: string;
  readonly timeoutMs?: number;
  readonly exitsOnFailure?: boolean;
  readonly cwd?: string;
}

/** Compiles a script for each input and runs them all in waves. An input for which only a shell can run the script has no end. */
export async function runWhatCompiles(
  shell: Shell,
  script: string,
  inputs: readonly WaveInput[],
  { PATH = systemPath, timeoutMs = 20_000, exitsOnFailure = false, cwd = '/' }: WaveRunOptions = {},
): Promise<readonly (WaveEnd | 'shell')[]> {
  const tree = parseScript(script);
  const scripts = inputs.map((input) => {
    const environment = { ...input.environment, PATH };
    const compilation = compileScript({
      tree,
      source: script,
      exitsOnFailure,
      environment,
      stdin: input.stdin,
      programs: { has: () => true, mayReadInput },
    });
    return compilation.kind === 'compiled' ? { run: compilation.start(), environment } : undefined;
  });
  const { signal } = new AbortController();
  const tools = await findTools(shell, { PATH }, '/');
  const compiled = scripts.flatMap((script) => script ?? []);
  const ends = await runWaves(compiled, {
    shell,
    tools,
    cwd,
    timeoutMs,
    concurrency: 4,
    signal,
    mayGoOn: () => true,
  });
  const inOrder = [...ends];
  return scripts.map((script) => (script === undefined ? 'shell' : (inOrder.shift() ?? 'shell')));
}

/** Does the same for inputs of which each is expected to compile. */
export async function runInWaves(...given: Parameters<typeof runWhatCompiles>): Promise<readonly WaveEnd[]> {
  const ends = await runWhatCompiles(...given);
  return ends.map((end) => (end === 'shell' ? assert.fail('the script does not compile') : end));
}

/** A PATH on which a program of this name stands before the real ones. */
export function pathWith(t: TestContext, name: string, text: string): string {
  const directory = join(temporaryDirectory(t), 'bin');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(directory, name), 0o755);
  return `${directory}:${systemPath}`;
}

/** The kinds of ends, each once. */
export const kindsOf = (ends: readonly WaveEnd[]): string =>
  [...new Set(ends.map(({ kind }) => kind))].join(' ');
