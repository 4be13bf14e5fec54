#!/usr/bin/env node
// Bundles heddle and its libraries into dist/. Loaded as hundreds of small modules a daemon takes twice as long to start,
// and a lab starts many. What few runs need (etcd) stays in chunks and packages of its own, loaded when used.
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  // Each file that is started as a program.
  entryPoints: ['src/main.ts', 'src/lab/inside/main.ts', 'src/lab/inside/probe/agent.ts'],
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  sourcemap: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // ES modules before CommonJS: of those only what is used gets in.
  mainFields: ['module', 'main'],
  // These find files of their own beside their code.
  external: ['etcd3', '@grpc/grpc-js'],
  // CommonJS libraries call require for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
