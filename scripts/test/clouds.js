import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.js';

/** PyPI's packages that the tests of the clouds' recipes run: a server that keeps an EC2, and the tool of Tencent Cloud. */
const packages = ['moto[ec2,server]==5.2.5', 'tccli==3.1.189.1'];

/** Milliseconds that pip may take, which downloads 100 MB. */
const installTimeoutMs = 600_000;

const directory = cacheDirectory('clouds-1');
const programs = join(directory, 'bin');

/** The programs, once they are installed. Debian's package awscli has the first. */
export const aws = '/usr/bin/aws';
export const moto = join(programs, 'moto_server');
export const tccli = join(programs, 'tccli');

/** The file of the authorities that tccli trusts; it does not look for them anywhere else. */
export function tccliAuthorities() {
  const [python = ''] = readdirSync(join(directory, 'lib'));
  return join(directory, 'lib', python, 'site-packages', 'certifi', 'cacert.pem');
}

/** Installs the packages into the user's cache, in an environment of Python of their own. Returns why that was not possible. */
export function installClouds() {
  const run = (/** @type {string} */ command, /** @type {string[]} */ args) =>
    spawnSync(command, args, { stdio: ['ignore', 'ignore', process.stderr], timeout: installTimeoutMs })
      .status === 0;
  const isInstalled =
    run('/usr/bin/python3', ['-m', 'venv', directory]) &&
    run(join(programs, 'pip'), [
      'install',
      '--quiet',
      '--no-compile',
      '--disable-pip-version-check',
      ...packages,
    ]);
  if (isInstalled) return undefined;
  rmSync(directory, { recursive: true, force: true });
  return `pip could not install ${packages.join(' and ')}`;
}

/** Whether everything is there. */
export function hasClouds() {
  return [moto, tccli].every((program) => existsSync(program));
}

/** Why a test that needs these programs cannot run; undefined if it can. @param {string[]} needed */
export function cloudProblem(...needed) {
  const missing = needed.filter((program) => !existsSync(program));
  return missing.length === 0
    ? undefined
    : `${missing.join(' and ')} is not installed: npm run setup -- --for-tests --clouds`;
}
