import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.js';
import { root } from './root.js';

/** The Go module that requires Kubernetes in the version under test. */
const moduleDirectory = join(root, 'scripts', 'test', 'kubernetes');

/** Milliseconds that a build may take: 5 minutes on two idle cores, and there may be other work. */
const buildTimeoutMs = 1_800_000;

/** The programs of Kubernetes that the tests run. Debian does not have them. */
export const kubernetesPrograms = /** @type {const} */ (['kube-apiserver', 'kubectl']);

/** @typedef {typeof kubernetesPrograms[number]} KubernetesProgram */

/** The version of Kubernetes in go.mod: `1.34.2`. */
function requiredVersion() {
  const [, version] = /^\s*(?:require )?k8s\.io\/kubernetes v(\S+)/m.exec(readGoMod()) ?? [];
  if (version === undefined) throw new Error(`${moduleDirectory}/go.mod does not require k8s.io/kubernetes`);
  return version;
}

function readGoMod() {
  return readFileSync(join(moduleDirectory, 'go.mod'), 'utf8');
}

function programDirectory() {
  return cacheDirectory(`kubernetes-${requiredVersion()}`);
}

/** Where a program is or will be. @param {KubernetesProgram} name */
export function kubernetesProgram(name) {
  return join(programDirectory(), name);
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why the tests that need a program of Kubernetes cannot run here, or undefined if they can. @param {KubernetesProgram} name */
export function kubernetesProblem(name) {
  if (isProgram(kubernetesProgram(name))) return undefined;
  return goVersion() === undefined
    ? `${name} is not built: there is no Go toolchain`
    : `${name} is not built: npm run setup -- --kubernetes`;
}

/** The version that the machine's Go reports, or undefined without Go. */
function goVersion() {
  const { status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The programs that {@link buildKubernetes} has to build. Without Go, nothing can be built. */
export function missingKubernetesPrograms() {
  const missing = kubernetesPrograms.filter((name) => !isProgram(kubernetesProgram(name)));
  return missing.length > 0 && goVersion() === undefined ? [] : missing;
}

/**
 * Builds a program of Kubernetes, at low priority. Returns why that was not possible.
 * @param {KubernetesProgram} name
 */
export function buildKubernetes(name) {
  const target = kubernetesProgram(name);
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(programDirectory(), { recursive: true });
  const { status, error } = spawnSync(
    'nice',
    [
      ...['-n', '15', 'go', 'build', '-buildvcs=false', '-trimpath', '-ldflags=-s -w'],
      ...['-o', unfinished, `k8s.io/kubernetes/cmd/${name}`],
    ],
    {
      cwd: moduleDirectory,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', process.stderr, process.stderr],
      timeout: buildTimeoutMs,
    },
  );
  if (error === undefined && status === 0) {
    // Two builds at once do not disturb each other.
    renameSync(unfinished, target);
    return undefined;
  }
  rmSync(unfinished, { force: true });
  return `Go could not build ${name} of Kubernetes ${requiredVersion()}`;
}
