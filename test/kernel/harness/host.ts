import { readFileSync } from 'node:fs';
import { execa } from 'execa';

/** How one command on a host ended. */
export interface CommandEnd {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** The whole environment; only PATH by default. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** How long the program may run at most; half a minute by default. */
  readonly seconds?: number;
}

/** Where the host's processes are: under the set's first process, as the set itself numbers them. */
interface Place {
  /** The `unshare` that holds the set, as this test numbers it. */
  readonly set: number;
  /** The host's first process, as the set numbers it. */
  readonly pid: number;
}

/** An emulated machine takes a multiple of the time. */
const longestRunSeconds = 30 * Number(process.env['TEST_SLOWDOWN'] ?? 1);

/** A host of a {@link HostSet}: its own network, mounts and `/run`, and eth0 on the underlay. */
export class Host {
  readonly publicIp: string;
  readonly publicIpv6: string;
  readonly number: number;
  readonly #place: Place;

  constructor(place: Place, number: number, segment: number) {
    this.#place = place;
    this.number = number;
    this.publicIp = `172.30.${segment}.${number}`;
    this.publicIpv6 = `fd00:99:${segment}::${number}`;
  }

  /** Starts a program on this host. It ends with the set at the latest. */
  start(
    command: readonly string[],
    { environment, input = '', seconds = longestRunSeconds }: RunOptions = {},
  ) {
    const { set, pid } = this.#place;
    return execa(
      'nsenter',
      [
        ...[`--pid=/proc/${set}/ns/pid_for_children`, `--mount=/proc/${set}/ns/mnt`, '--'],
        ...['nsenter', '--target', String(pid), '--net', '--mount', '--'],
        ...['timeout', '--signal=KILL', String(seconds), ...command],
      ],
      {
        env: { PATH: process.env['PATH'], ...environment },
        extendEnv: false,
        input,
        reject: false,
      },
    );
  }

  /** Runs a program on this host to its end. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<CommandEnd> {
    const { exitCode, stdout, stderr } = await this.start(command, options);
    return { exitCode, stdout, stderr };
  }

  /** Runs shell text that has to succeed; returns what it prints. */
  async sh(text: string): Promise<string> {
    const ran = await this.run(['sh', '-ec', text]);
    if (ran.exitCode !== 0) throw new Error(`${text}\nexited with ${ran.exitCode}: ${ran.stderr}`);
    return ran.stdout;
  }

  /** Waits until shell text succeeds; for as long as a program may run. */
  async until(condition: string): Promise<void> {
    const ran = await this.run(['sh', '-c', `until ${condition}; do sleep 0.01; done`]);
    if (ran.exitCode === 0) return;
    throw new Error(`Waited ${longestRunSeconds} seconds in vain for: ${condition}\n${ran.stderr}`);
  }

  /** The lines that shell text prints, without blanks at their ends, in order of the alphabet. */
  async lines(text: string): Promise<readonly string[]> {
    const printed = await this.sh(text);
    return printed
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .sort();
  }
}

/**
 * Ends what {@link Host.start} started. It is nsenter's child, `timeout`, that is asked, and that passes it on to all of
 * its group: were nsenter to end first, the rest would be left to a process outside of the set.
 */
export function endProgram(program: { readonly pid?: number | undefined }): void {
  const { pid } = program;
  if (pid === undefined) return;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  for (const child of children.split(' ').filter(Boolean)) process.kill(Number(child), 'SIGTERM');
}
