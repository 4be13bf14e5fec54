import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout from which heddle is packaged. */
export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** heddle's version. package.json is the only place that says it. */
export const heddleVersion = /** @type {{ version: string }} */ (
  JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
).version;
