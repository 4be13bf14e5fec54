// Puts the blob into an executable: node inject.js POSTJECT TARGET BLOB
// It is a program of its own, so that nobody sees postject's warnings, which name every section that strip has removed, unless it fails.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The name of the blob that Node looks for in itself, and the mark that says that there is one. */
const blobName = 'NODE_SEA_BLOB';
const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const [postject = '', target = '', blob = ''] = process.argv.slice(2);
await createRequire(import.meta.url)(postject).inject(target, blobName, readFileSync(blob), { sentinelFuse });
