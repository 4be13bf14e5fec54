import { getRawAsset } from 'node:sea';

/** The end of the name of an asset that zstd has compressed. scripts/package/executable.js compresses what few runs read. */
const compressedEnd = '.zst';

/** Reads a file that the single executable holds; undefined if the executable does not hold it. `path` is its path in the checkout. */
export function readAsset(path: string): Buffer | undefined {
  const plain = rawAsset(path);
  if (plain !== undefined) return Buffer.from(plain);
  const compressed = rawAsset(path + compressedEnd);
  if (compressed === undefined) return undefined;
  // A start that reads no such asset does not load zlib. The executable has a Node with zstd; the types are those of Node 20.
  const { zstdDecompressSync: decompress } = process.getBuiltinModule('node:zlib') as unknown as {
    readonly zstdDecompressSync: (data: Uint8Array) => Buffer;
  };
  return decompress(new Uint8Array(compressed));
}

/** Node throws an error for an asset that it does not have. */
function rawAsset(name: string): ArrayBuffer | undefined {
  try {
    return getRawAsset(name) as ArrayBuffer;
  } catch {
    return undefined;
  }
}
