import { spawn, type ChildProcess } from 'node:child_process';
import { Failure } from '../../diagnostic/failure.ts';
import { ownCodeFile, programCommand } from '../../host/files/package-files.ts';
import { describeFailedStart } from '../../host/run-program.ts';
import { findLabs, killLab } from './find.ts';
import { firstProcessMarker, firstProcessScript } from './first-process.ts';
import { readJsonLines } from '../inside/json-lines.ts';
import { programPath } from './program-path.ts';
import {
  enteredLine,
  keepLine,
  proceedLine,
  type LabEvent,
  type LabSpec,
  type RecipeOrder,
} from '../protocol.ts';

/** The number of characters of the inside's stderr that are kept for a message. */
const keptStderr = 4000;

/** A lab that this process has started and that ends with it. */
export class TetheredLab {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #unstartable: Failure | undefined;
  /** Whether the lab's first process runs. */
  #isEntered = false;
  #stderr = '';

  /** Starts a lab's first process in namespaces of its own. The process makes nothing before it has read `spec`. */
  constructor(spec: LabSpec, onEvent: (event: LabEvent) => void) {
    this.#name = spec.name;
    const [program, ...args] = labCommand(spec);
    // The child has its own session. So an interrupt from the terminal reaches only this process, which then ends the lab.
    this.#child = spawn(program, args, {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: programPath(process.env['PATH']) },
    });
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', () => resolve());
      this.#child.on('error', (cause) => {
        const message = `the lab cannot be started: ${describeFailedStart(program, cause)}`;
        this.#unstartable = new Failure('prerequisite', message, {
          hint: 'install util-linux 2.33 or newer',
          cause,
        });
        resolve();
      });
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-keptStderr);
    });
    if (this.#child.stdout) {
      readJsonLines(
        this.#child.stdout,
        (object) => onEvent(object as unknown as LabEvent),
        (line) => (this.#isEntered ||= line === enteredLine),
      );
    }
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdin?.write(JSON.stringify(spec) + '\n');
  }

  /** Ends the lab with everything in it, and waits until it is gone. */
  async end(): Promise<void> {
    const first = findLabs().find(({ name }) => name === this.#name);
    // The first process's parent ends once the kernel has ended all of the lab. If it ended first, it could not be waited for.
    if (first) killLab(first);
    else this.#child.kill('SIGKILL');
    // A parent that a signal stopped would not see the end of the lab.
    this.#child.kill('SIGCONT');
    await this.#closed;
  }

  /** Orders every node of a watched lab to run a recipe. */
  order(order: RecipeOrder): void {
    this.#child.stdin?.write(JSON.stringify(order) + '\n');
  }

  /** Lets a lab that waits for a look take its networks down. */
  proceed(): void {
    this.#child.stdin?.write(proceedLine + '\n');
  }

  /** Lets the lab continue without this process. Resolves when the order is written. */
  async keep(): Promise<void> {
    const { stdin } = this.#child;
    await new Promise<void>((resolve) => stdin?.end(keepLine + '\n', () => resolve()));
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#child.unref();
  }

  /** Whether the first process was killed. Once it runs, unshare prints a message only then, because it cannot unblock its signals. */
  get #wasKilled(): boolean {
    const complaint = this.#isEntered ? /^unshare: /m : /^unshare: sigprocmask unblock failed/m;
    return this.#child.signalCode !== null || complaint.test(this.#stderr);
  }

  /** Resolves when the lab has ended by itself, with the reason if it is known. */
  async endedEarly(): Promise<Failure> {
    await this.#closed;
    if (this.#unstartable) return this.#unstartable;
    const detail = this.#stderr.trimEnd();
    if (this.#wasKilled) {
      return new Failure(
        'lab-failed',
        `the lab ${this.#name} was ended from outside: its first process was killed`,
        {
          hint: 'heddle lab down does this, and so does the kernel when memory is short: see dmesg',
        },
      );
    }
    if (/unshare|Operation not permitted|Permission denied/i.test(detail)) {
      return new Failure(
        'privilege',
        'permission denied: the kernel does not allow this user to create the namespaces of a lab',
        {
          hint: 'run it as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0',
          detail,
        },
      );
    }
    const hint = 'run it again; if it ends again, report the lines above';
    return new Failure('lab-failed', 'the lab ended before its work was finished', { detail, hint });
  }
}

function labCommand(spec: LabSpec): [string, ...string[]] {
  const userNamespace = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const namespaces = ['--pid', '--fork', '--kill-child=SIGKILL', '--net', '--mount', '--uts', '--mount-proc'];
  const first = ['sh', '-c', firstProcessScript, firstProcessMarker, spec.name, ownCodeFile()];
  const work = programCommand('lab/inside/main');
  const unshare: [string, ...string[]] = [
    'unshare',
    ...userNamespace,
    ...namespaces,
    '--',
    ...first,
    ...work,
  ];
  // The tether ends a lab whose starter is gone once Node runs in it; the death signal does so before. The signal would also end a lab that
  // is kept.
  return spec.purpose !== 'up' && !spec.keepsFailed
    ? ['setpriv', '--pdeathsig', 'SIGKILL', '--', ...unshare]
    : unshare;
}
