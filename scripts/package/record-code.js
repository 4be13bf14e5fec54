import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runHelper } from './run-helper.js';

/**
 * What is run to have its compiled code, and the names of that code. A lab runs the daemon and everything inside a lab.
 * @type {readonly { args: readonly string[], code: readonly string[] }[]}
 */
const runs = [
  { args: ['--help'], code: ['main'] },
  {
    args: ['lab', 'run', 'vxlan', '--store', 'etcd', '--nodes', '2'],
    code: ['lab', 'lab-inside-main', 'lab-inside-probe-agent', 'up', 'etcd-client'],
  },
];

/**
 * Runs the executable that records its compiled code, and makes sure that all the code is there.
 * @param {string} executable @param {string} folder where it writes the code
 */
export function recordCode(executable, folder) {
  for (const { args, code } of runs) {
    runHelper(executable, args, { timeout: 120_000 });
    const missing = code.filter((name) => !existsSync(join(folder, name)));
    if (missing.length > 0)
      throw new Error(`heddle ${args.join(' ')} left no compiled code for ${missing.join(', ')}`);
  }
}
