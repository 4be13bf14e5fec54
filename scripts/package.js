#!/usr/bin/env node
// Makes the files of a release in packages/, and their checksums.
//   npm run package          all of them
//   npm run package -- x64   for one processor only
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, heddleVersion } from './package/checkout.js';
import { writeChecksums } from './package/checksums.js';
import { debianFile } from './package/debian/control.js';
import { buildDebianPackage } from './package/debian/package.js';
import { buildExecutable } from './package/executable.js';
import { packForNpm } from './package/npm.js';
import { executableFile, largestExecutable, processors } from './package/release.js';

const directory = join(checkout, 'packages');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((word) => !processors.some((processor) => processor === word));
if (unknown.length > 0) {
  process.stderr.write(
    `package: heddle is packaged for ${processors.join(' and ')}, not for ${unknown.join(', ')}\n` +
      `  npm run package makes all files, and npm run package -- ${processors[0]} those for one processor\n`,
  );
  process.exit(2);
}

try {
  await makeRelease(processors.filter((processor) => wanted.length === 0 || wanted.includes(processor)));
} catch (error) {
  // Nobody takes a part of a release for the whole.
  rmSync(directory, { recursive: true, force: true });
  process.stderr.write(`package: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Makes the files of a release, and names each. @param {readonly import('./package/release.js').Processor[]} chosen */
async function makeRelease(chosen) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  process.stdout.write(`${packForNpm(directory)}\n`);
  /** The executable whose help describes the commands: it runs on this machine. */
  let helper = join(checkout, 'bin/heddle');
  for (const processor of chosen) {
    const file = join(directory, executableFile(heddleVersion, processor));
    await buildExecutable(processor, file);
    process.stdout.write(`${file}\n`);
    if (processor === process.arch) helper = file;
    const target = join(directory, debianFile(heddleVersion, processor));
    buildDebianPackage({ processor, executable: file, helper, target });
    // The package has little else, so the executable alone is smaller still.
    const { size } = statSync(target);
    if (size > largestExecutable.compressed)
      throw new Error(`${target} has ${size} bytes, and may have ${largestExecutable.compressed}`);
    process.stdout.write(`${target}\n`);
  }
  writeChecksums(directory);
}
