import { randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { readAsset } from './host/files/executable-assets.ts';
import { programOption } from './host/files/program-option.ts';
import { purposeOf, runBundle, whenStarted, type BundleExports } from './run-bundle.ts';

/*
 * What the single executable begins with. The bundles and the rest of heddle's files are its assets, and so is compiled code. The executable
 * is the same for every user and cannot be changed in part, so nothing of it has to be checked, and it keeps no other code.
 */

/** The bundle's path among the assets, put in by scripts/package/executable.js. */
declare const bundleAsset: string;

/** The folder for compiled code; empty in an executable that is used, and set in the one that scripts/package/executable.js runs first. */
declare const codeFolder: string;

const { execPath } = process;

/** Node collects only the children that it started itself, and a shell collects all: bin/heddle says more. */
function becomeReaper(): void {
  const { execve } = process as { execve?: (file: string, args: readonly string[], env: object) => void };
  const script = textOf('launcher.sh').toString('utf8');
  execve?.('/bin/sh', ['sh', '-c', script, 'heddle', execPath, ...process.argv.slice(2)], process.env);
}

/** The program that the first argument asks for, which is then taken away. */
function takeProgram(): string {
  const first = process.argv[2] ?? '';
  if (!first.startsWith(programOption)) return 'main';
  process.argv.splice(2, 1);
  return first.slice(programOption.length);
}

/** The compiled code for a purpose. Not every subcommand has its own, and the executable for another processor has none. */
function codeAsset(purpose: string): Buffer | undefined {
  return readAsset(`code/${purpose}`);
}

/** An asset that every executable has. */
function textOf(asset: string): Buffer {
  const content = readAsset(asset);
  if (content === undefined) throw new Error(`the executable does not hold ${asset}`);
  return content;
}

/** Reads a bundle of the assets and evaluates it. `purposes` name its compiled code: the first that there is counts. */
function load(asset: string, purposes: readonly string[]): { exports: BundleExports; script: Script } {
  let code: Buffer | undefined;
  for (const purpose of purposes) code ??= codeAsset(purpose);
  const text = textOf(asset).toString('latin1');
  const script = new Script(asset === bundleAsset ? text : wrap(text), {
    filename: `${execPath}/${asset}`,
    ...(code !== undefined && { cachedData: code }),
  });
  return { exports: runBundle(script, `${execPath}/${asset}`, requireInside), script };
}

/** The main bundle is a function already; the others are modules, which Node itself makes functions of. */
function wrap(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
}

const others = new Map<string, BundleExports>();

/** One of Node's own modules. Nothing is looked for in the folders next to the executable. */
function requireBuiltin(id: string): unknown {
  const found: unknown = process.getBuiltinModule(id);
  if (found === undefined) throw new Error(`Cannot find module '${id}'`);
  return found;
}

/** `require` of the bundles: another bundle, or one of Node's own modules. */
function requireInside(id: string): unknown {
  if (!id.startsWith('./')) return requireBuiltin(id);
  const asset = `dist/${id.slice('./'.length)}`;
  const found = others.get(asset);
  if (found !== undefined) return found;
  const purpose = asset.replace(/^dist\/(.*?)-\d.*$/, '$1');
  const { exports, script } = load(asset, [purpose]);
  others.set(asset, exports);
  if (codeFolder !== '') record(purpose, script);
  return exports;
}

/** Keeps the compiled code of what has run, for the executable that is built next. */
function record(purpose: string, script: Script): void {
  whenStarted(() => {
    // Several daemons may do so at once.
    const draft = `${codeFolder}/.${randomUUID()}`;
    writeFileSync(draft, script.createCachedData());
    renameSync(draft, `${codeFolder}/${purpose}`);
  });
}

function start(): void {
  // Without a listener Node opens its debugger on a port of loopback, and every local user could run code in this process.
  process.on('SIGUSR1', () => undefined);
  const program = takeProgram();
  const purpose = purposeOf(program);
  const { exports, script } = load(bundleAsset, [purpose, 'main']);
  if (codeFolder !== '') record(purpose, script);
  const all: Readonly<Record<string, (() => Promise<unknown>) | undefined>> = exports.programs ?? {};
  const run = all[program];
  if (run !== undefined) return void run();
  process.stderr.write(`heddle: the executable does not have a program ${program}\n`);
  process.exitCode = 2;
}

if (process.pid === 1) becomeReaper();
start();
