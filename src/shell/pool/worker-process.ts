import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { openNamelessFile } from '../io/nameless-file.ts';
import type { ShellPipes } from '../io/pipe.ts';
import type { ShellProgram } from '../program.ts';
import type { Job } from '../shell.ts';
import { workerDescriptors, type WorkerDescriptor } from './worker-text.ts';

/** The shell of a worker, with the sockets for its orders and its answers. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly id: number;
  readonly control: Socket;
  readonly status: Socket;
}

/** The files that a worker reads from, each replaced for every job that needs it. */
export type WorkerFiles = Record<Extract<WorkerDescriptor, 'script' | 'stdin' | 'environment'>, number>;

/** open(2)'s O_PATH, which node:fs does not name: a descriptor that only stands for a file. */
const O_PATH = 0o10000000;

export function openWorkerFiles(): WorkerFiles {
  const opened: number[] = [];
  const open = () => {
    const file = openNamelessFile();
    opened.push(file);
    return file;
  };
  try {
    return { script: open(), stdin: open(), environment: open() };
  } catch (error) {
    opened.forEach((file) => closeSync(file));
    throw error;
  }
}

export function closeWorkerFiles(files: WorkerFiles): void {
  for (const file of Object.values(files)) closeSync(file);
}

/** Starts the shell of a worker in the directory and with the environment of a job. Rejects with the error of spawn(2). */
export async function startWorkerProcess(
  job: Job,
  program: ShellProgram,
  pipes: ShellPipes,
  files: WorkerFiles,
): Promise<WorkerProcess> {
  const standIns = openStandIns(pipes);
  const descriptors: Record<WorkerDescriptor, number> = { ...standIns, ...files };
  try {
    const child = spawn(program.file, program.arguments, {
      argv0: program.name,
      cwd: job.cwd,
      env: job.environment,
      stdio: ['pipe', 'pipe', 'ignore', ...workerDescriptors.map((name) => descriptors[name])],
      detached: true,
    });
    await once(child, 'spawn');
    const { pid: id, stdin: control, stdout: status } = child;
    if (id !== undefined && control instanceof Socket && status instanceof Socket) {
      return { child, id, control, status };
    }
    throw new Error('a process that was started has an id and sockets');
  } finally {
    for (const descriptor of Object.values(standIns)) closeSync(descriptor);
  }
}

function openStandIns(pipes: ShellPipes): Record<keyof ShellPipes, number> {
  const opened: number[] = [];
  const open = (name: keyof ShellPipes) => {
    const descriptor = openSync(`/proc/self/fd/${pipes[name].reader}`, O_PATH);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    return { stdout: open('stdout'), stderr: open('stderr'), notes: open('notes') };
  } catch (error) {
    opened.forEach((descriptor) => closeSync(descriptor));
    throw error;
  }
}
