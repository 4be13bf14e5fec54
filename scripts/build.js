#!/usr/bin/env node
// Builds dist/: heddle and its libraries as one bundle, and a file for each program that starts it. Loaded as hundreds of
// small modules a daemon takes twice as long to start, and a lab starts many. Of one bundle the compiled code can be kept
// (src/start.ts). What few runs need is in the bundle, but begins only when it is imported.
import { isAscii } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import protobuf from 'protobufjs';
import { licencesOf } from './licences.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  define: { 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
  logLevel: 'warning',
};

rmSync(dist, { recursive: true, force: true });

/** The one module of the Kubernetes client that heddle uses; it needs js-yaml. The rest of it is a class for each object of the API. */
const kubernetesClient = '@kubernetes/client-node/dist/config.js';
// A bundle of its own, which only the kubernetes store loads: it would make every start read a fifth more.
const client = await build({
  ...common,
  stdin: {
    contents: `export { KubeConfig } from '${kubernetesClient}'; export { load } from 'js-yaml';`,
    resolveDir: root,
  },
  entryNames: `kubernetes-client-${version}-[hash]`,
  metafile: true,
  mainFields: ['module', 'main'],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  plugins: [
    {
      name: 'leave the classes out',
      // Nothing but the class of the configuration is used, but esbuild cannot see that the others do nothing by themselves.
      setup: ({ onResolve }) =>
        // The paths of ES modules are whole. esbuild would look through folders for each of these 2,000 imports, which takes 7 seconds.
        onResolve({ filter: /^\.\.?\/.*\.js$/, namespace: 'file' }, ({ path, importer, resolveDir }) =>
          importer.includes('client-node') ? { path: join(resolveDir, path), sideEffects: false } : undefined,
        ),
    },
  ],
});
const clientFile = basename(Object.keys(client.metafile.outputs).find((path) => path.endsWith('.cjs')) ?? '');

/** etcd3 reads etcd's protocol from a file next to its code. In the bundle it has the protocol at hand. */
const etcdProtocol = {
  name: 'etcd protocol',
  /** @param {import('esbuild').PluginBuild} build */
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/etcd3\/lib\/connection-pool\.js$/ }, ({ path }) => {
      const code = readFileSync(path, 'utf8');
      const reads = '.loadSync)(`${__dirname}/../proto/rpc.proto`,';
      if (!code.includes(reads)) throw new Error(`${path} reads etcd's protocol in another way than before`);
      const file = join(dirname(path), '../proto/rpc.proto');
      const protocol = new protobuf.Root().loadSync(file, { keepCase: true }).toJSON();
      return { contents: code.replace(reads, () => `.fromJSON)(${JSON.stringify(protocol)},`) };
    }),
};
// The library of etcd is as large as the rest of heddle, and most commands do not need it.
const etcd = await build({
  ...common,
  stdin: {
    contents: `export * from 'etcd3'; export { InterceptingCall } from '@grpc/grpc-js'; export { noop } from 'cockatiel';`,
    resolveDir: root,
  },
  entryNames: `etcd-client-${version}-[hash]`,
  metafile: true,
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  legalComments: 'linked',
  plugins: [etcdProtocol],
});
const etcdFile = basename(Object.keys(etcd.metafile.outputs).find((path) => path.endsWith('.cjs')) ?? '');

// The script and the style of pages. They are texts to a program, which a page holds; only a browser runs them.
const page = await build({
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  entryPoints: { page: 'src/page/app/main.ts', 'page-style': 'src/page/app/page.css' },
  format: 'iife',
  platform: 'browser',
  target: ['chrome109', 'firefox115', 'safari16'],
  minify: true,
  charset: 'ascii',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});

const { metafile } = await build({
  ...common,
  entryPoints: ['src/programs.ts'],
  entryNames: `heddle-${version}-[hash]`,
  sourcemap: true,
  // A bug report needs the positions; the sources are in the repository.
  sourcesContent: false,
  metafile: true,
  // ES modules before CommonJS: of those only what is used gets in.
  mainFields: ['module', 'main'],
  plugins: [
    {
      name: 'bundles of their own',
      setup: ({ onResolve }) => {
        onResolve({ filter: /^(?:@kubernetes\/client-node\/|js-yaml$)/ }, () => ({
          path: `./${clientFile}`,
          external: true,
        }));
        onResolve({ filter: /^(?:etcd3|@grpc\/grpc-js|cockatiel)$/ }, () => ({
          path: `./${etcdFile}`,
          external: true,
        }));
      },
    },
  ],
  // A third less to read at every start. Names stay: those of modules tell a profiler and a test which have begun.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  legalComments: 'linked',
  banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
  footer: { js: '})' },
});
const bundle = Object.keys(metafile.outputs).find((path) => path.endsWith('.cjs')) ?? '';
// src/start.ts and src/start-executable.ts read a byte as a character.
for (const name of [basename(bundle), etcdFile, clientFile])
  if (!isAscii(readFileSync(join(dist, name)))) throw new Error(`${name} is not ASCII`);
const bundled = [client, etcd, page, { metafile }].flatMap((made) => Object.keys(made.metafile.inputs));
writeFileSync(join(dist, 'licences.txt'), licencesOf(root, [...new Set(bundled)]));
await build({
  ...common,
  entryPoints: ['src/start.ts'],
  define: { ...common.define, bundleName: JSON.stringify(basename(bundle)) },
});
for (const program of [
  'main',
  'lab/inside/main',
  'lab/inside/probe/agent',
  'lab/inside/store/kubernetes/relay',
]) {
  const file = join(dist, `${program}.cjs`);
  mkdirSync(dirname(file), { recursive: true });
  const start = relative(dirname(file), join(dist, 'start.cjs'));
  writeFileSync(file, `require('./${start}').start('${program}');\n`);
}
// Leaves compiled code for every command that has none of its own yet.
spawnSync(process.execPath, [join(dist, 'main.cjs'), '--help'], { stdio: 'ignore' });
