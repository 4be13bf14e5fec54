import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** A change of one place of the source. */
export interface SourceMutant {
  /** The file below the repository. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Builds modules of the source with one place changed, and imports the first of them. */
export async function importMutant(
  { file, from, to }: SourceMutant,
  entry: string,
  outfile: string,
): Promise<unknown> {
  const path = resolve(file);
  const parts = (await readFile(path, 'utf8')).split(from);
  assert.equal(parts.length, 2, `${file} has the text of the mutant ${parts.length - 1} times: ${from}`);
  await build({
    stdin: { contents: entry, resolveDir: resolve('.') },
    bundle: true,
    format: 'esm',
    platform: 'node',
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
  return import(pathToFileURL(outfile).href);
}
