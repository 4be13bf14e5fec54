import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Failure } from '../diagnostic/failure.ts';
import { explainError } from '../host/system-error.ts';
import { explainTcpdump } from './capture-failure.ts';
import { askStatus } from './process/control-client.ts';
import { findLab, findLabs, type FoundLab } from './process/find.ts';
import { Namespaces } from './process/namespaces.ts';
import { findPlace, listPlaces } from './process/places.ts';

/** The options of `lab capture`. */
interface CaptureOptions {
  readonly place: string;
  /** A device of the place, or `any`. */
  readonly device: string;
  /** The file to write, `-` for stdout; undefined for a line of text for each packet. */
  readonly file: string | undefined;
  /** The number of packets after which the capture ends; undefined for no limit. */
  readonly count: number | undefined;
  /** The time after which the capture ends; undefined for no limit. */
  readonly seconds: number | undefined;
  /** The words of a filter of pcap: `udp port 8472`. */
  readonly filter: readonly string[];
}

/** The status of timeout(1) when the time is over. */
const timeOver = 124;
/** The characters of tcpdump's stderr that are kept for a message. */
const keptCharacters = 4000;

/** `lab capture`: captures packets until a limit, a signal or the end of the lab. Throws a {@link Failure} if tcpdump fails. */
export async function captureInLab(name: string, options: CaptureOptions): Promise<void> {
  if (options.file === '-' && process.stdout.isTTY) {
    throw new Failure('usage', 'a capture is not text, and stdout is a terminal', {
      hint: 'pass it to a program (-w - | wireshark -k -i -), write a file (-w FILE), or leave out -w for text',
    });
  }
  const lab = findLab(name);
  const status = await askStatus(lab);
  const place = findPlace(lab.name, listPlaces(status), options.place);
  const namespaces = new Namespaces(lab, status);
  const [program, ...args] = namespaces.watcher(place, tcpdumpCommand(options));
  const output = openOutput(options.file);
  const child = spawn(program, args, {
    env: namespaces.environment(place),
    stdio: ['ignore', output, 'pipe'],
  });
  if (typeof output === 'number') closeSync(output);
  await waitForEnd(child, lab, place.name);
}

function tcpdumpCommand({ device, file, count, seconds, filter }: CaptureOptions): readonly string[] {
  return [
    // timeout ends tcpdump even if the reader of its output is stuck; a time of 0 does not limit it.
    ...['timeout', '--kill-after', '1', String(seconds ?? 0)],
    ...['tcpdump', '-n', '-i', device, '--immediate-mode'],
    ...(file === undefined ? ['-l'] : ['-U', '-w', '-']),
    ...(count === undefined ? [] : ['-c', String(count)]),
    '--',
    ...filter,
  ];
}

/** Opens the file outside the lab, because the lab has files of its own. */
function openOutput(file: string | undefined): number | 'inherit' {
  if (file === undefined || file === '-') return 'inherit';
  try {
    return openSync(file, 'w', 0o600);
  } catch (cause) {
    throw new Failure('usage', `the capture cannot be written to ${file}: ${explainError(cause)}`, {
      hint: 'choose another file with -w',
      cause,
    });
  }
}

async function waitForEnd(child: ChildProcess, lab: FoundLab, place: string): Promise<void> {
  let stderr = '';
  const told = new AbortController();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-keptCharacters);
    process.stderr.write(text);
  });
  const tell = (): void => {
    told.abort();
    // The kernel ends tcpdump with this process.
    child.kill('SIGTERM');
  };
  process.on('SIGINT', tell).on('SIGTERM', tell).on('SIGHUP', tell);
  try {
    const code = await new Promise<number | undefined>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? undefined));
    });
    if (told.signal.aborted || code === 0 || code === timeOver) return;
    // The reader of the capture has closed it.
    if (/broken pipe/i.test(stderr)) return;
    if (!findLabs().some(({ pid }) => pid === lab.pid)) {
      process.stderr.write(`The lab ${lab.name} has ended, and so has the capture.\n`);
      return;
    }
    throw explainTcpdump(stderr, code, { lab: lab.name, place });
  } finally {
    process.off('SIGINT', tell).off('SIGTERM', tell).off('SIGHUP', tell);
  }
}
