import { access, chmod, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { quote } from 'shell-quote';
import { programPath } from '../../process/program-path.ts';
import { pathInLab, sharedDirectory } from '../../protocol.ts';
import type { PromiseBench } from './bench.ts';

/** Where a node sees the files that make its programs slow. */
const slowFile = '/run/verify-slow';
const begunFile = '/run/verify-begun';

/** The time that a slow program takes longer than usual, in seconds. */
const slowSeconds = 1.5;

/** The programs that change the kernel. */
const changing: ReadonlySet<string> = new Set([
  ...['ip', 'bridge', 'wg', 'nft', 'iptables', 'ip6tables', 'arp', 'route', 'ifconfig', 'brctl', 'tc'],
]);

/** A program that waits before it changes anything, if the node has the file. One that only looks does not wait. */
function slowScript(real: string): string {
  return `#!/bin/sh
if [ -e ${slowFile} ]; then
  case " $* " in
    *' show '* | *' get '* | *' list '* | *' monitor '* | *' dump '*) ;;
    *) echo >>${begunFile}; sleep ${slowSeconds} ;;
  esac
fi
exec ${quote([real])} "$@"
`;
}

async function findOnPath(program: string): Promise<string | undefined> {
  for (const directory of programPath(process.env['PATH']).split(':')) {
    const file = join(directory, program);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

/** The programs of a recipe in a lab, which can be made slow in one node, so that a command is still running when its daemon is killed. */
export class SlowPrograms {
  readonly #slow: string;
  readonly #begun: string;

  constructor({ observed }: PromiseBench) {
    this.#slow = pathInLab(observed.plan.name, slowFile);
    this.#begun = pathInLab(observed.plan.name, begunFile);
  }

  /** Puts a program before each that the recipe requires, which waits if it is told to. */
  async prepare(programs: readonly string[]): Promise<void> {
    await mkdir(`${sharedDirectory}/bin`, { recursive: true });
    for (const program of programs.filter((each) => changing.has(each))) {
      const real = await findOnPath(program);
      if (real === undefined) continue;
      const file = `${sharedDirectory}/bin/${program}`;
      await writeFile(file, slowScript(real));
      await chmod(file, 0o755);
    }
  }

  async slowDown(): Promise<void> {
    await rm(this.#begun, { force: true });
    await writeFile(this.#slow, '');
  }

  async speedUp(): Promise<void> {
    await rm(this.#slow, { force: true });
  }

  /** Waits until a slow program runs. Returns whether one does. */
  async hasBegun(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      if (
        await readFile(this.#begun).then(
          () => true,
          () => false,
        )
      )
        return true;
      await delay(20);
    }
    return false;
  }

  /** Waits until a program that was slow when its daemon was killed has done its work, if nobody ended it. */
  async awaitStragglers(): Promise<void> {
    await delay(slowSeconds * 1000 + 300);
  }

  /** Takes the programs away again. */
  async remove(programs: readonly string[]): Promise<void> {
    await this.speedUp();
    for (const program of programs) await rm(`${sharedDirectory}/bin/${program}`, { force: true });
  }
}
