import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { execa } from 'execa';

/** As root, or as root of a user namespace where the kernel allows that. */
const unshare = ['--net', '--mount', ...(process.geteuid?.() === 0 ? [] : ['--map-root-user'])];

/** Why tests in namespaces cannot run here, or false. */
export const skipNamespaces: string | false =
  spawnSync('unshare', [...unshare, 'ip', 'link']).status === 0
    ? false
    : 'needs root or user namespaces, and iproute2';

/**
 * Runs shell lines that set up a network namespace, then an expression on a module of src/ (as `m`), and returns what it
 * resolved to. The namespace goes with its only process.
 */
export async function evaluateInNamespace(
  setUp: readonly string[],
  module: string,
  expression: string,
): Promise<unknown> {
  const url = pathToFileURL(resolve(import.meta.dirname, '../../../src', module)).href;
  const program = `import(${JSON.stringify(url)})
    .then((m) => ${expression})
    .then((result) => console.log(JSON.stringify({ result })), (error) =>
      console.log(JSON.stringify({ result: { ...error, failed: error.message } })));`;
  const { stdout } = await execa('unshare', [
    ...unshare,
    'sh',
    '-ec',
    `${setUp.join('\n')}\nexec "$@"`,
    'sh',
    process.execPath,
    '--import',
    'tsx',
    '-e',
    program,
  ]);
  return (JSON.parse(stdout) as { result: unknown }).result;
}
