import { Buffer } from 'node:buffer';
import { lastLines, readConsole } from './console.js';
import { cachedKernel, emulator } from './kernel.js';
import { jobOption, mountTag } from './guest-init.js';
import { makeInitramfs } from './initramfs.js';
import { commandOf } from './plan.js';
import { followProgram } from './program.js';
import { composeGuestJob, readGuestJob } from './guest-job.js';
import { root } from '../test/root.js';

/** Seconds until the nodes of a lab are ready: an emulated machine needs longer. */
const readySeconds = { here: 60, guest: 180 };

/**
 * The processor that is emulated: one without AVX. With `max`, which has it, Node ended with a segmentation fault in two of four runs under
 * QEMU 7.2.
 */
const processor = 'Nehalem';

/** Minutes that a job may take. */
const jobMinutes = { here: 10, guest: 40 };

/** Lines of output that explain a job without a report. */
const explainingLines = 12;

/**
 * The end of a job: the report of `lab verify --json`, or why there is none.
 * @typedef {{ ms: number } & ({ report: any, tests?: import('./guest-job.js').GuestTests | undefined } | { problem: string })} JobEnd
 */

/**
 * Runs a job to its end.
 * @param {import('./plan.js').Job} job
 * @param {{ deadline: AbortSignal, onProgress: (line: string) => void }} options
 * @returns {Promise<JobEnd>}
 */
export async function runJob(job, { deadline, onProgress }) {
  const kind = job.place.kind === 'guest' ? 'guest' : 'here';
  const timeLimit = AbortSignal.timeout(jobMinutes[kind] * 60_000);
  const signal = AbortSignal.any([deadline, timeLimit]);
  const onLine = (/** @type {string} */ line) => {
    if (line.startsWith('verify: ')) onProgress(line.slice('verify: '.length).trimEnd());
  };
  const begun = performance.now();
  const words = [process.execPath, 'bin/heddle.js', ...commandOf(job, { readySeconds: readySeconds[kind] })];
  const end =
    kind === 'guest'
      ? await runInGuest(
          composeGuestJob({ root, words, modules: job.dataPlane.modules, tests: job.dataPlane.tests }),
          { signal, onLine },
        )
      : await runHere(words, { signal, onLine });
  const ms = performance.now() - begun;
  if (timeLimit.aborted) return { ms, problem: `it took more than ${jobMinutes[kind]} minutes` };
  const { stdout, tests } = readGuestJob(end.stdout);
  try {
    return { ms, report: JSON.parse(stdout), tests };
  } catch {
    return { ms, problem: end.explanation };
  }
}

/** @typedef {{ signal: AbortSignal, onLine: (line: string) => void }} RunOptions */

/** @param {readonly string[]} words @param {RunOptions} options */
async function runHere(words, options) {
  const { stdout, stderr } = await followProgram(words, options);
  return { stdout, explanation: lastLines(stderr, explainingLines) };
}

/** Boots a guest for one shell command, and ends it. @param {string} job @param {RunOptions} options */
async function runInGuest(job, options) {
  const kernel = cachedKernel();
  if (kernel === undefined) throw new Error('a job is planned for a guest, but there is no kernel to boot');
  const initramfs = makeInitramfs(kernel);
  try {
    const { stdout, stderr } = await followProgram(
      [
        ...[emulator.program, '-accel', 'tcg,thread=multi', '-smp', '2', '-cpu', processor, '-m', '2048'],
        ...['-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
        ...['-kernel', kernel.image, '-initrd', initramfs.file],
        ...['-append', `console=ttyS0 quiet panic=-1 ${jobOption}${Buffer.from(job).toString('base64')}`],
        ...['-virtfs', `local,path=/,mount_tag=${mountTag},security_model=none,readonly=on,multidevs=remap`],
      ],
      options,
    );
    const outcome = readConsole(stdout);
    return { stdout: outcome?.stdout ?? '', explanation: lastLines(stdout + stderr, explainingLines) };
  } finally {
    initramfs.remove();
  }
}
