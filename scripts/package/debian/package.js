import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { checkout, heddleVersion } from '../checkout.js';
import { downloadedPackage } from '../downloads.js';
import { runHelper } from '../run-helper.js';
import { controlFile } from './control.js';
import { parseHelp, subcommandsOf } from './help.js';
import { debianTree } from './tree.js';

/** The folders and pages of the checkout that the package has parts of. */
const sources = [
  'recipes',
  'scenarios',
  'docs',
  'deploy',
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'dist/licences.txt',
];

/** heddle and its subcommands, each with its help. @param {string} heddle an executable that runs here @param {readonly string[]} path */
function commandsOf(heddle, path = []) {
  const help = parseHelp(
    runHelper(heddle, [...path, '--help'], { env: { ...process.env, COLUMNS: '80', NO_COLOR: '1' } }),
  );
  /** @type {import('./completion.js').Command[]} */
  const below = subcommandsOf(help).flatMap((name) => commandsOf(heddle, [...path, name]));
  return [{ path, help }, ...below];
}

/** @param {string} path @returns {string[]} */
function filesBelow(path) {
  if (statSync(join(checkout, path)).isFile()) return [path];
  return readdirSync(join(checkout, path)).flatMap((name) => filesBelow(`${path}/${name}`));
}

/**
 * Builds Debian's package of an executable.
 * @param {object} options
 * @param {import('../release.js').Processor} options.processor
 * @param {string} options.executable for that processor
 * @param {string} options.helper an executable that runs on this machine, for the help of each command
 * @param {string} options.target where the package goes
 * @param {string} [options.version] that of package.json if it is not given
 * @param {readonly string[]} [options.compression] options of dpkg-deb
 */
export function buildDebianPackage({
  processor,
  executable,
  helper,
  target,
  version = heddleVersion,
  compression = ['-Zxz'],
}) {
  const folder = join(checkout, '.cache', 'package', `debian-${randomUUID()}`);
  try {
    const files = debianTree({
      version,
      date: dateOfRelease(),
      executable,
      commands: commandsOf(helper),
      files: Object.fromEntries(
        sources.flatMap(filesBelow).map((path) => {
          const content = readFileSync(join(checkout, path));
          return [path, path.endsWith('.png') ? content : content.toString('utf8')];
        }),
      ),
      nodeLicence: readFileSync(join(downloadedPackage(`node-linux-${process.arch}`), 'LICENSE'), 'utf8'),
    });
    let bytes = 0;
    const sums = [];
    for (const { path, mode, content } of files) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof content === 'object' && 'linkTo' in content) {
        symlinkSync(content.linkTo, file);
        continue;
      }
      if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content);
      else copyFileSync(content.copyOf, file);
      chmodSync(file, mode);
      bytes += statSync(file).size;
      if (!path.startsWith('DEBIAN/'))
        sums.push(`${createHash('md5').update(readFileSync(file)).digest('hex')}  ${path}\n`);
    }
    mkdirSync(join(folder, 'etc/heddle/recipes'), { recursive: true });
    // Whatever the umask of this process is, all users may look into the folders.
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
    chmodSync(folder, 0o755);
    const kibibytes = Math.ceil(bytes / 1024);
    writeFileSync(join(folder, 'DEBIAN/md5sums'), sums.join(''));
    writeFileSync(join(folder, 'DEBIAN/control'), controlFile({ version, processor, kibibytes }));
    runHelper('dpkg-deb', ['--root-owner-group', ...compression, '--build', folder, target]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The date of the version in CHANGELOG.md; that of today if it is not released. */
function dateOfRelease() {
  const changelog = readFileSync(join(checkout, 'CHANGELOG.md'), 'utf8');
  const heading = changelog.split('\n').find((line) => line.startsWith(`## [${heddleVersion}]`));
  return /\d{4}-\d\d-\d\d/.exec(heading ?? '')?.[0] ?? new Date().toISOString().slice(0, 10);
}
