#!/usr/bin/env node
// Makes the files of a release in packages/, and their checksums.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './package/checkout.js';
import { writeChecksums } from './package/checksums.js';
import { packForNpm } from './package/npm.js';

const directory = join(checkout, 'packages');

rmSync(directory, { recursive: true, force: true });
process.stdout.write(`${packForNpm(directory)}\n`);
writeChecksums(directory);
