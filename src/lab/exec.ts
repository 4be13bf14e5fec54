import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { Failure } from '../diagnostic/failure.ts';
import { describeFailedStart } from '../host/run-program.ts';
import { askStatus } from './process/control-client.ts';
import { findLab, type FoundLab } from './process/find.ts';
import { unknownNode } from './plan/request.ts';
import { nodeEnvironment } from './inside/node/environment.ts';
import { enterHost } from './inside/node/holder.ts';

/** `lab exec`: runs a command in a node or in a node's pod, on this terminal. Returns its exit code. */
export async function execInLab(name: string, place: string, command: readonly string[]): Promise<number> {
  const lab = findLab(name);
  const { nodes, server, store } = await askStatus(lab);
  const hosts = server === null ? nodes : [...nodes, server];
  const host = hosts.find(({ name: candidate }) => place === candidate);
  const node = nodes.find(({ name: candidate }) => place === `${candidate}-pod`);
  const owner = host ?? node;
  if (!owner) {
    const known = hosts.map(({ name: candidate }) => candidate);
    throw unknownNode(lab.name, place, known, "; append -pod for a node's pod");
  }
  const enter = host
    ? enterHost({ pid: host.holderPid }, command)
    : ['ip', 'netns', 'exec', place, ...command];
  const environment = nodeEnvironment(owner.name, process.env, store);
  return runHere(['nsenter', ...enterLab(lab), '--', ...enter], environment);
}

/** Arguments of nsenter for a lab's own namespaces. */
function enterLab(lab: FoundLab): readonly string[] {
  const link = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/user`);
  const user = link('self') === link(lab.pid) ? [] : ['--user', '--preserve-credentials'];
  return ['--target', String(lab.pid), ...user, '--pid', '--net', '--mount', '--uts', '--wd=/'];
}

async function runHere(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { stdio: 'inherit', env });
  // The terminal sends an interrupt to the command as well, and the command decides what to do with it.
  const ignore = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', (cause) => {
        const message = `the lab cannot be entered: ${describeFailedStart(program, cause)}`;
        reject(new Failure('prerequisite', message, { hint: 'install util-linux 2.33 or newer', cause }));
      });
      child.on('exit', (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', pass);
  }
}
