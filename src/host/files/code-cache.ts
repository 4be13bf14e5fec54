import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

/*
 * Compiled code runs without a check, so its writer decides what heddle does. The code is therefore next to its bundle, and is used only
 * if nobody but the bundle's owner can have written it. Nothing here throws: without compiled code, a start takes a little longer.
 */

/**
 * The header before the code. It has the time of the bundle's last change, because V8 accepts any text of the right length as the bundle,
 * and a checksum, because V8 does not notice damaged code.
 */
const header = { changedAt: 0, checksum: 8, bytes: 12 } as const;

/** The bundle from which code is compiled: its owner and the time of its last change, from stat(2). */
type CompiledBundle = Pick<Stats, 'uid' | 'mtimeMs'>;

/**
 * The file for the compiled code of a bundle. Another build, another heddle, another V8 and another processor each have their own file.
 */
export function codeCacheFile(bundle: string, purpose: string): string {
  const key = [purpose, basename(bundle, '.cjs'), `v8-${process.versions.v8}`, process.arch];
  return join(dirname(bundle), 'compiled', key.join('-'));
}

/**
 * Reads compiled code. Undefined if there is none, if it is damaged or of an earlier bundle, or if anyone but the bundle's owner could
 * write it.
 */
export function readCodeCache(file: string, bundle: CompiledBundle): Buffer | undefined {
  try {
    if (!isOwnersAlone(lstatSync(dirname(file)), bundle)) return undefined;
    const content = readOwnersFile(file, bundle);
    if (content?.readDoubleLE(header.changedAt) !== bundle.mtimeMs) return undefined;
    const code = content.subarray(header.bytes);
    return content.readUInt32LE(header.checksum) === crc32(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

function readOwnersFile(file: string, bundle: CompiledBundle): Buffer | undefined {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() && isOwnersAlone(stats, bundle) ? readFileSync(descriptor) : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** Writes compiled code, if this process runs as the bundle's owner. A reader sees only the old or only the new code. */
export function writeCodeCache(file: string, bundle: CompiledBundle, code: Buffer): void {
  if (process.geteuid?.() !== bundle.uid) return;
  const directory = dirname(file);
  const draft = join(directory, `.${basename(file)}.${process.pid}`);
  try {
    makeDirectory(directory);
    if (!isOwnersAlone(lstatSync(directory), bundle)) return;
    const head = Buffer.alloc(header.bytes);
    head.writeDoubleLE(bundle.mtimeMs, header.changedAt);
    head.writeUInt32LE(crc32(code), header.checksum);
    try {
      writeFileSync(draft, Buffer.concat([head, code]), { flag: 'wx' });
      chmodSync(draft, 0o644);
      renameSync(draft, file);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  } catch {
    // The file system may be read-only or full, or another process may write the same file.
  }
}

/** Makes the cache's directory. Others may read compiled code, as they may read the bundle. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, 0o755);
  chmodSync(path, 0o755);
}

function isOwnersAlone({ uid, mode }: Stats, bundle: CompiledBundle): boolean {
  return uid === bundle.uid && (mode & 0o022) === 0;
}
