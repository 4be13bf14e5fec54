import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { packageFile, readPackageText } from './package-files.ts';

/**
 * The stack of an error with positions in src/, such as `src/cli/version.ts:7:3`, in place of positions in the bundle. Use it for defects
 * only: it reads a map of some megabytes.
 */
export function stackInSource({ stack = '' }: Error): string {
  const bundle = import.meta.filename;
  if (!stack.includes(`${bundle}:`)) return stack;
  const map = readMap(`${bundle}.map`);
  if (map === undefined) return stack;
  const [head = '', ...rest] = stack.split(bundle);
  const toSource = (position: string, line: string, column: string): string => {
    const origin = map.findOrigin(Number(line), Number(column));
    if (!('fileName' in origin)) return bundle + position;
    const file = relative(packageFile('.'), join(dirname(bundle), origin.fileName));
    return `${file}:${origin.lineNumber}:${origin.columnNumber}`;
  };
  return head + rest.map((text) => text.replace(/^:(\d+):(\d+)/, toSource)).join('');
}

function readMap(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readPackageText(path)) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
