#!/usr/bin/env node
// Makes the files of a release in packages/, and their checksums.
//   npm run package          all of them
//   npm run package -- x64   for one processor only
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, heddleVersion } from './package/checkout.js';
import { writeChecksums } from './package/checksums.js';
import { debianFile } from './package/debian/control.js';
import { buildDebianPackage } from './package/debian/package.js';
import { buildExecutable } from './package/executable.js';
import { packForNpm } from './package/npm.js';
import { executableFile, processors } from './package/release.js';

const directory = join(checkout, 'packages');
const wanted = process.argv.slice(2);
const chosen = processors.filter((processor) => wanted.length === 0 || wanted.includes(processor));
if (chosen.length === 0) {
  process.stderr.write(
    `package: heddle is packaged for ${processors.join(' and ')}, not for ${wanted.join(', ')}\n`,
  );
  process.exit(2);
}

rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
process.stdout.write(`${packForNpm(directory)}\n`);
/** What tells the help of the commands: it runs on this machine. */
let helper = join(checkout, 'bin/heddle');
for (const processor of chosen) {
  const file = join(directory, executableFile(heddleVersion, processor));
  await buildExecutable(processor, file);
  process.stdout.write(`${file}\n`);
  if (processor === process.arch) helper = file;
  const target = join(directory, debianFile(heddleVersion, processor));
  buildDebianPackage({ processor, executable: file, helper, target });
  process.stdout.write(`${target}\n`);
}
writeChecksums(directory);
