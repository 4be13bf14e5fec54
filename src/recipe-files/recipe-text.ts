import { createHash } from 'node:crypto';
import { constants, createReadStream, openSync, readFileSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { isInsideExecutable, readPackageText } from '../host/files/package-files.ts';
import { whileWaiting } from '../host/interruption.ts';

/** Far more than any recipe is: a command alone can be 124 KiB. */
const largestRecipe = 1024 * 1024;

/**
 * Reads the text of a recipe, at a path or from a stream. Throws the system's error, or one of its own for what is too large to be a recipe: a disk
 * image, or a device without an end.
 */
export async function readRecipeText(from: string | AsyncIterable<Buffer>): Promise<string> {
  if (typeof from !== 'string') return whileWaiting({ what: 'its standard input' }, () => readStream(from));
  if (isInsideExecutable(from)) return readPackageText(from);
  const stats = statSync(from);
  const read = (stream: AsyncIterable<Buffer>): Promise<string> =>
    whileWaiting({ what: from }, () => readStream(stream));
  if (stats.isFIFO()) return read(openFifo(from));
  if (!stats.isFile()) return read(createReadStream(from));
  // At once, since a start has nothing else to do before.
  if (stats.size > largestRecipe) throw tooLarge();
  return readFileSync(from, 'utf8');
}

/** Opens a FIFO so that the wait for its writer holds no thread, which would keep the process from its exit. */
function openFifo(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

async function readStream(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > largestRecipe) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): Error {
  return new Error('it is larger than 1 MiB');
}

/** Tells one text of a recipe from another, in few letters. */
export function recipeRevision(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
