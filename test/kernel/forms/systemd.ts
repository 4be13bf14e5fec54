import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { until } from '../../support/until.ts';
import type { CommandEnd, Host } from '../harness/host.ts';

/*
 * Boots systemd as the first process of namespaces of its own. It sees the units of one folder only, so that none of the machine's own
 * units runs: some of them change settings of the kernel that every namespace shares. It may write below /etc, /usr/bin, /var/lib, /run and
 * /dev, which are its own, and in a control group of its own.
 */
const bootScript = `
set -e
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$1"
echo 0 >"/sys/fs/cgroup/$1/cgroup.procs"
exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child --mount-proc sh -ec "$2"
`;
const removeGroupScript = `
mount -t cgroup2 cgroup2 /sys/fs/cgroup
[ ! -e "/sys/fs/cgroup/$1" ] || exec find "/sys/fs/cgroup/$1" -depth -type d -exec rmdir {} +
`;
const firstProcessScript = `
umount /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/own/dev
for each in null zero full random urandom tty; do touch /run/own/dev/$each; mount --bind /dev/$each /run/own/dev/$each; done
mkdir /run/own/dev/shm
mount --rbind /run/own/dev /dev
for each in etc usr/bin; do
  mkdir -p /run/own/$each /run/own/work/$each
  mount -t overlay overlay -o lowerdir=/$each,upperdir=/run/own/$each,workdir=/run/own/work/$each /$each
done
mount -t tmpfs -o mode=755 tmpfs /var/lib
export container=other SYSTEMD_UNIT_PATH=/run/units
exec /usr/lib/systemd/systemd --unit=basic.target --log-target=console --log-level=info --show-status=no
`;

/** Removes the control group of a systemd that has ended, perhaps with its host. Waits until its processes are gone. */
export async function removeControlGroup(group: string): Promise<void> {
  await until(
    'the control group of systemd to be empty',
    () => spawnSync('unshare', ['--mount', 'sh', '-c', removeGroupScript, 'remove', group]).status === 0,
  );
}

/** Units that every service needs, in the least form. */
const targets = ['sysinit', 'basic', 'shutdown', 'network-online', 'multi-user'];

/** A systemd on a host, with some units. */
export class Systemd {
  readonly #host: Host;
  readonly #pid: string;

  private constructor(host: Host, pid: string) {
    this.#host = host;
    this.#pid = pid;
  }

  /** Boots it. It ends with the test. @param files what it finds below /run/units, by name */
  static async boot(
    t: { after(release: () => Promise<void>): void },
    host: Host,
    units: Readonly<Record<string, string>>,
  ): Promise<Systemd> {
    await host.sh('mkdir -p /run/units');
    for (const target of targets)
      await write(host, `/run/units/${target}.target`, '[Unit]\nDefaultDependencies=no\n');
    for (const [name, text] of Object.entries(units)) await write(host, `/run/units/${name}`, text);
    const group = `heddle-test-${randomUUID()}`;
    const child = host.start(['sh', '-c', bootScript, 'boot', group, firstProcessScript], { seconds: 240 });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    let pid = '';
    t.after(async () => {
      // The host may have been closed before, and has taken systemd along.
      if (child.exitCode === null) await host.run(['kill', '-KILL', pid]);
      await child;
      await removeControlGroup(group);
    });
    const systemd = await until(
      'systemd to boot',
      async () => {
        if (child.exitCode !== null) throw new Error(`systemd ended:\n${log}`);
        pid = (await host.run(['pgrep', '-o', '-f', '^/usr/lib/systemd/systemd --unit'])).stdout;
        if (pid === '') return undefined;
        const booted = new Systemd(host, pid);
        return (await booted.run('systemctl', 'is-active', 'basic.target')).exitCode === 0 && booted;
      },
      () => log,
    );
    return systemd;
  }

  /** Runs a program where systemd is. */
  run(...command: readonly string[]): Promise<CommandEnd> {
    return this.#host.run(['nsenter', '--target', this.#pid, '--pid', '--mount', '--', ...command], {
      seconds: 60,
    });
  }

  /** Runs shell text that has to succeed there; returns what it prints. */
  async sh(text: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run('sh', '-ec', text);
    if (exitCode !== 0) throw new Error(`${text}\nexited with ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Waits until shell text succeeds there. */
  async until(condition: string): Promise<void> {
    await this.sh(
      `for i in $(seq 450); do if ${condition}; then exit 0; fi; sleep 0.1; done; echo "waited in vain for: ${condition}"; exit 1`,
    );
  }

  async write(path: string, text: string): Promise<void> {
    await this.sh(`mkdir -p "$(dirname ${path})"; cat >${path} <<'end-of-file'\n${text}\nend-of-file`);
  }
}

async function write(host: Host, path: string, text: string): Promise<void> {
  await host.sh(`mkdir -p "$(dirname ${path})"; cat >${path} <<'end-of-file'\n${text}\nend-of-file`);
}

/** A unit that the project ships. */
export function shippedUnit(name: string): string {
  return readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8');
}
