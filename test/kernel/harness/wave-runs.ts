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
}

/** Compiles a script for each input and runs them all in waves. */
export async function runInWaves(
  shell: Shell,
  script: string,
  inputs: readonly WaveInput[],
  { PATH = systemPath, timeoutMs = 20_000 }: WaveRunOptions = {},
): Promise<readonly WaveEnd[]> {
  const tree = parseScript(script);
  const scripts = inputs.map((input) => {
    const environment = { ...input.environment, PATH };
    const compilation = compileScript({
      tree,
      source: script,
      exitsOnFailure: false,
      environment,
      stdin: input.stdin,
      programs: { has: () => true, mayReadInput },
    });
    assert(compilation.kind === 'compiled');
    return { run: compilation.start(), environment };
  });
  const { signal } = new AbortController();
  const tools = await findTools(shell, { PATH }, '/');
  return runWaves(scripts, {
    shell,
    tools,
    cwd: '/',
    timeoutMs,
    concurrency: 4,
    signal,
    mayGoOn: () => true,
  });
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
