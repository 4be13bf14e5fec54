import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Turns `src/` and one script of `test/` into plain JavaScript below a directory, so that many processes can run it:
 * each would otherwise spend half a second on loading a compiler. Returns the script's new path.
 */
export async function compileForProcesses(script: string, directory: string): Promise<string> {
  const sources = (await readdir(join(repository, 'src'), { recursive: true }))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join('src', path));
  for (const path of [...sources, script]) await transpile(path, directory);
  await cp(join(repository, 'package.json'), join(directory, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'));
  return join(directory, script.replace(/\.ts$/, '.js'));
}

async function transpile(path: string, directory: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(join(repository, path), 'utf8'), {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  const target = join(directory, path.replace(/\.ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, outputText);
}
