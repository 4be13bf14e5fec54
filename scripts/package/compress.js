// Compresses files with zstd: node compress.js FILE TARGET [FILE TARGET]…
// It is a program of its own, because the Node of the executable has zstd, and the one that builds it may not.
import { readFileSync, writeFileSync } from 'node:fs';
import * as zlib from 'node:zlib';

/** The types are those of Node 20. */
const { zstdCompressSync, constants } =
  /** @type {{ zstdCompressSync(data: Buffer, options: object): Buffer, constants: Record<string, number> }} */ (
    /** @type {unknown} */ (zlib)
  );

/** The best level whose memory a reader need not allow. */
const level = 19;

const words = process.argv.slice(2);
for (let index = 0; index + 1 < words.length; index += 2) {
  const content = readFileSync(words[index] ?? '');
  const params = { [constants['ZSTD_c_compressionLevel'] ?? NaN]: level };
  writeFileSync(words[index + 1] ?? '', zstdCompressSync(content, { params }));
}
