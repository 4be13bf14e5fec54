import { Failure } from '../../diagnostic/failure.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';
import { nodeEnvironment } from '../inside/node/environment.ts';
import { enterNetwork, enterPlace, occupyPlace, type NamespaceOwner } from './enter-place.ts';
import type { FoundLab } from './find.ts';
import type { ControlResponse } from '../protocol.ts';
import type { LabPlace } from './places.ts';

/** A lab's answer about its hosts. */
export type LabStatus = Extract<ControlResponse, { response: 'status' }>;

/** The time for one look-up, in milliseconds. */
const lookUpMs = 20_000;

/** The network namespaces of a lab, as places where commands run. */
export class Namespaces {
  readonly #lab: FoundLab;
  readonly #status: LabStatus;

  constructor(lab: FoundLab, status: LabStatus) {
    this.#lab = lab;
    this.#status = status;
  }

  /** The environment of a command in a place: that of `lab exec`, in the C locale. */
  environment({ node }: LabPlace): Record<string, string> {
    return { ...nodeEnvironment(node, process.env, this.#status.store), LC_ALL: 'C' };
  }

  /** The command that runs another one in a place for a person, on a terminal. All of it is killed when this process ends. */
  occupant(place: LabPlace, words: readonly string[]): readonly [string, ...string[]] {
    return occupyPlace(this.#lab, this.#ownerOf(place), words);
  }

  /**
   * The command that runs another one in a place's network namespace, with the lab's own files and processes. Both end when this process
   * ends, when the command's process gets a signal, and when the lab ends.
   */
  watcher(place: LabPlace, words: readonly string[]): readonly [string, ...string[]] {
    return endWithParent(enterNetwork(this.#lab, this.#ownerOf(place), endWithParent(words)));
  }

  /** Runs a command in a place and returns its stdout. Throws a ProgramError if it fails, or a {@link Failure} if the place cannot be entered. */
  async run(place: LabPlace, words: readonly string[]): Promise<string> {
    const [file, ...args] = enterPlace(this.#lab, this.#ownerOf(place), words);
    const shownAs = `${words[0] ?? file} in ${place.name} of the lab ${this.#lab.name}`;
    try {
      return await runProgram(file, args, {
        env: this.environment(place),
        timeoutMs: lookUpMs,
        shownAs,
      });
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      if (error.fault === 'missing') {
        throw new Failure('prerequisite', `the lab cannot be entered: ${error.message}`, {
          hint: 'install util-linux 2.33 or newer',
          cause: error,
        });
      }
      if (/^nsenter: /m.test(error.stderr)) {
        throw new Failure('lab-failed', `${place.name} cannot be entered`, {
          detail: error.stderr,
          cause: error,
        });
      }
      throw error;
    }
  }

  #ownerOf(place: LabPlace): NamespaceOwner {
    if (place.kind === 'underlay') return { kind: 'underlay' };
    if (place.kind === 'pod') return { kind: 'pod', name: place.name };
    const { nodes, server, routers } = this.#status;
    const host = [...nodes, ...(server === null ? [] : [server]), ...routers].find(
      ({ name }) => name === place.name,
    );
    return { kind: 'host', name: place.name, holderPid: host?.holderPid ?? 0 };
  }
}

/** A command that the kernel ends when the process that started it is gone. */
function endWithParent(words: readonly string[]): readonly [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'SIGTERM', '--', ...words];
}
