import { gzipSync } from 'node:zlib';
import { bashCompletion, zshCompletion } from './completion.js';
import {
  afterInstallation,
  afterRemoval,
  beforeRemoval,
  configurationFiles,
  copyrightFile,
  debianChangelog,
  environmentFile,
  lintianOverrides,
  sysusers,
  tmpfiles,
} from './control.js';
import { manPage } from './man.js';
import { serviceUnit } from './units.js';

// What is in Debian's package, as data. Nothing here reads or writes files.

/**
 * @typedef {object} DebianFile
 * @property {string} path below the root, without a slash at its beginning
 * @property {number} mode
 * @property {string | Uint8Array | { copyOf: string } | { linkTo: string }} content
 */

/**
 * @param {object} sources
 * @param {string} sources.version
 * @param {string} sources.date of the release: `2026-11-27`
 * @param {string} sources.executable its path
 * @param {readonly import('./completion.js').Command[]} sources.commands heddle and every subcommand
 * @param {Readonly<Record<string, string | Uint8Array>>} sources.files the texts of the checkout, by path: recipes, scenarios, docs,
 *   units, pages; the pictures of docs as bytes
 * @param {string} sources.nodeLicence
 * @returns {readonly DebianFile[]}
 */
export function debianTree({ version, date, executable, commands, files, nodeLicence }) {
  const contentOf = (/** @type {string} */ path) => {
    const found = files[path];
    if (found === undefined) throw new Error(`the checkout has no ${path}`);
    return found;
  };
  const text = (/** @type {string} */ path) => {
    const found = contentOf(path);
    if (typeof found !== 'string') throw new Error(`${path} is not a text`);
    return found;
  };
  const plain = (/** @type {string} */ path, /** @type {string | Uint8Array} */ content) => ({
    path,
    mode: 0o644,
    content,
  });
  const packed = (/** @type {string} */ path, /** @type {string} */ content) =>
    plain(`${path}.gz`, gzipSync(content, { level: 9 }));
  const link = (/** @type {string} */ path, /** @type {string} */ linkTo) => ({
    path,
    mode: 0o777,
    content: { linkTo },
  });
  const doc = 'usr/share/doc/heddle';
  const below = (/** @type {string} */ folder) =>
    Object.keys(files).filter((path) => path.startsWith(folder));
  const script = (/** @type {string} */ name, /** @type {string} */ content) => ({
    path: `DEBIAN/${name}`,
    mode: 0o755,
    content,
  });
  return [
    script('postinst', afterInstallation),
    script('prerm', beforeRemoval),
    script('postrm', afterRemoval),
    plain('DEBIAN/conffiles', `${configurationFiles.join('\n')}\n`),
    { path: 'usr/bin/heddle', mode: 0o755, content: { copyOf: executable } },
    ...['recipes/', 'scenarios/'].flatMap(below).map((path) => plain(`usr/share/heddle/${path}`, text(path))),
    // The pages link to what lies next to them in the checkout.
    ...['recipes', 'scenarios'].map((folder) => link(`${doc}/${folder}`, `../../heddle/${folder}`)),
    link(`${doc}/deploy`, 'examples/deploy'),
    { path: 'etc/heddle/heddle.env', mode: 0o640, content: environmentFile },
    plain('usr/lib/systemd/system/heddle.service', serviceUnit(text('SECURITY.md'), { instance: false })),
    plain('usr/lib/systemd/system/heddle@.service', serviceUnit(text('SECURITY.md'), { instance: true })),
    plain('usr/lib/sysusers.d/heddle.conf', sysusers),
    plain('usr/lib/tmpfiles.d/heddle.conf', tmpfiles),
    ...commands.map(({ path, help }) => {
      const command = ['heddle', ...path];
      return packed(`usr/share/man/man8/${command.join('-')}.8`, manPage({ command, help, version, date }));
    }),
    plain('usr/share/bash-completion/completions/heddle', bashCompletion(commands)),
    plain('usr/share/zsh/vendor-completions/_heddle', zshCompletion(commands)),
    plain(`${doc}/copyright`, copyrightFile),
    packed(`${doc}/licences/packages.txt`, text('dist/licences.txt')),
    packed(`${doc}/licences/node.txt`, nodeLicence),
    plain('usr/share/lintian/overrides/heddle', lintianOverrides),
    packed(`${doc}/changelog`, text('CHANGELOG.md')),
    packed(`${doc}/changelog.Debian`, debianChangelog({ version, date })),
    ...['README.md', 'SECURITY.md', ...below('docs/')]
      .filter((path) => path !== 'docs/architecture.md')
      .map((path) => plain(`${doc}/${path}`, contentOf(path))),
    ...below('deploy/')
      .filter((path) => !path.endsWith('.service'))
      .map((path) => plain(`${doc}/examples/${path}`, text(path))),
  ];
}
