import { createInterface } from 'node:readline';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { heddle } from '../lab-harness.ts';
import type { Host, CommandEnd } from './host.ts';
import { until } from '../../support/until.ts';

/** An event as the JSON log holds it. */
export type LoggedEvent = HeddleEvent & {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
};

/** A logged event of one name. */
export type LoggedEventOf<E extends HeddleEvent['event']> = LoggedEvent & { readonly event: E };

export interface DaemonOptions {
  /** In place of, and besides, PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of `/run/state` on the host. */
  readonly stateDirectory?: string;
  /** In place of this checkout's `bin/heddle.js`. */
  readonly program?: string;
  /** How long it may run at most; half a minute by default. */
  readonly seconds?: number;
  /** Leaves out the interface and the subnet file, which the arguments or the environment name. */
  readonly isBare?: boolean;
  /** The words of a program that ends in running the daemon: somewhere else on the host, say. */
  readonly through?: readonly string[];
}

const stateDirectory = '/run/state';

/** A real `heddle up` on a host, followed through its JSON log. */
export class Daemon {
  readonly events: LoggedEvent[] = [];
  readonly ended: Promise<CommandEnd>;
  readonly #host: Host;
  readonly #pid: Promise<string>;
  #passed = 0;
  #end: CommandEnd | undefined;

  constructor(host: Host, args: readonly string[], options: DaemonOptions = {}) {
    this.#host = host;
    const { environment, seconds, program, isBare = false, through = [] } = options;
    const own = isBare ? bareUpCommand : upCommand;
    const up = own(
      ['--log-level', 'debug', ...args, '--log-format', 'json'],
      options.stateDirectory,
      program,
    );
    const command = [...through, ...up];
    const child = host.start(['/bin/sh', '-c', 'echo $$; exec "$@"', 'sh', ...command], {
      ...(environment && { environment }),
      ...(seconds !== undefined && { seconds }),
    });
    let tellPid: (pid: string) => void = () => undefined;
    this.#pid = new Promise((resolve) => (tellPid = resolve));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) this.events.push(JSON.parse(line) as LoggedEvent);
      else tellPid(line);
    });
    this.ended = child.then(({ exitCode, stdout, stderr }) => {
      this.#end = { exitCode, stdout, stderr };
      return this.#end;
    });
  }

  /** Waits for an event of a kind that `fits`, from the beginning of the log on. Fails if the daemon ends before. */
  async logged<E extends HeddleEvent['event']>(
    event: E,
    fits?: (event: LoggedEventOf<E>) => boolean,
  ): Promise<LoggedEventOf<E>> {
    const passed = this.#passed;
    this.#passed = 0;
    const found = await this.until(event, fits);
    this.#passed = Math.max(passed, this.#passed);
    return found;
  }

  /** Waits for the next event of a kind that `fits`, from where the last wait ended. Fails if the daemon ends before. */
  async until<E extends HeddleEvent['event']>(
    event: E,
    fits: (event: LoggedEventOf<E>) => boolean = () => true,
  ): Promise<LoggedEventOf<E>> {
    return until(
      `the daemon to log ${event}`,
      () => {
        while (this.#passed < this.events.length) {
          const next = this.events[this.#passed++];
          if (next?.event === event && fits(next as LoggedEventOf<E>)) return next as LoggedEventOf<E>;
        }
        if (this.#end !== undefined) throw new Error(`The daemon ended before ${event}:\n${this.describe()}`);
        return undefined;
      },
      () => this.describe(),
    );
  }

  /** All events of a kind so far. */
  all<E extends HeddleEvent['event']>(event: E): LoggedEventOf<E>[] {
    return this.events.filter((each): each is LoggedEventOf<E> => each.event === event);
  }

  async signal(name: string): Promise<void> {
    await this.#host.run(['kill', `-${name}`, await this.#pid]);
  }

  /** Sends SIGTERM and waits for the end. */
  async stop(): Promise<CommandEnd> {
    await this.signal('TERM');
    return this.ended;
  }

  /** Sends SIGKILL and waits for the end. */
  async kill(): Promise<void> {
    await this.signal('KILL');
    await this.ended;
  }

  /** The log and stderr, for messages of tests. */
  describe(): string {
    return [...this.events.map(({ event, msg }) => `${event}: ${msg}`), this.#end?.stderr ?? ''].join('\n');
  }
}

/** Starts a daemon and waits until it is ready. */
export async function startDaemon(...given: ConstructorParameters<typeof Daemon>): Promise<Daemon> {
  const daemon = new Daemon(...given);
  await daemon.until('ready');
  return daemon;
}

/** The words of a `heddle up` on a host: its interface is eth0 unless named, and it keeps its own things in /run. */
export function upCommand(
  args: readonly string[],
  state = stateDirectory,
  program = heddle,
): readonly string[] {
  const iface = args.includes('--iface') ? [] : ['--iface', 'eth0'];
  return bareUpCommand(['--subnet-file', '/run/subnet.env', ...iface, ...args], state, program);
}

function bareUpCommand(args: readonly string[], state = stateDirectory, program = heddle): readonly string[] {
  return [process.execPath, program, 'up', '--state-dir', state, ...args];
}

/** Runs another subcommand of heddle on a host to its end: `down`, `status` and `leases` ask the daemon there. */
export function runOn(host: Host, verb: string, ...args: readonly string[]): Promise<CommandEnd> {
  return host.run([process.execPath, heddle, verb, '--state-dir', stateDirectory, ...args]);
}
