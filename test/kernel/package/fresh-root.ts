import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { freshRootArchive } from '../../../scripts/package/debian/fresh-root.js';
import { TemporaryDirectory } from '../../support/temporary-directory.ts';
import type { CommandEnd } from '../harness/host.ts';

/**
 * Makes `$1` the root of namespaces of its own, with a /proc, a /dev and a /run of a machine, and runs the script `$2` there. chroot would not
 * do: a lab enters the mount namespaces of its nodes, whose root is that of the namespace. `$3` is the folder of packages.
 */
const enterScript = `
mount --bind "$1" "$1"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t tmpfs -o mode=755 tmpfs "$1/run"
mount --bind "$3" "$1/packages"
cd "$1"
pivot_root . mnt
exec sh -ec "umount -l /mnt; cd /; $2"
`;

/** A fresh Debian, made by mmdebstrap. */
export class FreshRoot {
  readonly #directory: TemporaryDirectory;
  readonly #packages: string;

  private constructor(directory: TemporaryDirectory, packages: string) {
    this.#directory = directory;
    this.#packages = packages;
  }

  /** Unpacks a root. In it, the folder /packages is `packages` of this machine. */
  static async unpack(packages: string): Promise<FreshRoot> {
    const directory = new TemporaryDirectory();
    const root = join(directory.path, 'root');
    mkdirSync(root);
    await execa('tar', ['-xpf', freshRootArchive(), '-C', root, '--exclude=./dev/*', '--numeric-owner']);
    mkdirSync(join(root, 'packages'));
    return new FreshRoot(directory, packages);
  }

  /** Removes the root. */
  remove(): void {
    this.#directory.remove();
  }

  /** The path of a file of the root on this machine. */
  path(file: string): string {
    return join(this.#directory.path, 'root', file);
  }

  /** Copies a file or a folder of this machine into the root. */
  copyIn(source: string, target: string): void {
    cpSync(source, this.path(target), { recursive: true, preserveTimestamps: true });
  }

  /** Runs a script in the root, in a network of its own unless it needs this machine's, and ends all that it started. */
  async run(script: string, seconds = 60, { network = false } = {}): Promise<CommandEnd> {
    const namespaces = [
      '--mount',
      '--pid',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child',
      ...(network ? [] : ['--net']),
    ];
    const args = [...namespaces, 'sh', '-ec', enterScript, 'sh', this.path('.'), script, this.#packages];
    const { exitCode, stdout, stderr } = await execa('unshare', args, {
      reject: false,
      extendEnv: false,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        LC_ALL: 'C.UTF-8',
      },
      timeout: seconds * 1000,
    });
    return { exitCode, stdout, stderr };
  }
}
