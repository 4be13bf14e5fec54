import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { removeControlGroup } from '../forms/systemd.ts';
import type { CommandEnd } from '../harness/host.ts';
import type { FreshRoot } from './fresh-root.ts';

/** Boots systemd in the control group GROUP, and waits until the script, one of its services, has ended. */
const waitScript = `
rm -f /ended /said /complained
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/GROUP
sh -ec "echo 0 >/sys/fs/cgroup/GROUP/cgroup.procs
  exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child --mount-proc sh -e /boot-systemd" >/console 2>&1 &
for try in $(seq 2400); do [ ! -e /ended ] && kill -0 $! || break; sleep 0.1; done
cat /said; cat /complained >&2
[ -e /ended ] || { cat /console >&2; exit 1; }
exit $(cat /ended)
`;

/**
 * The first process: systemd, which sees heddle's units only, since some of a machine's own units change settings of the kernel that every
 * namespace shares.
 */
const bootScript = `
umount /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/dev/shm /run/units
for each in null zero full random urandom tty; do
  touch /run/dev/$each
  mount --bind /dev/$each /run/dev/$each
done
mount --rbind /run/dev /dev
cd /run/units
for target in sysinit basic shutdown network-online multi-user; do
  printf '[Unit]\\nDefaultDependencies=no\\n' >$target.target
done
echo Wants=script.service >>basic.target
cat >script.service <<'END'
[Unit]
DefaultDependencies=no
[Service]
ExecStart=/bin/sh -e /script
StandardOutput=file:/said
StandardError=file:/complained
END
ln -s /usr/lib/systemd/system/heddle.service /usr/lib/systemd/system/heddle@.service .
export container=other SYSTEMD_UNIT_PATH=/run/units
exec /usr/lib/systemd/systemd --unit=basic.target --log-target=console --log-level=info --show-status=no
`;

/** Runs a script in the root under a systemd, which knows the units of heddle, and ends both. */
export async function runUnderSystemd(root: FreshRoot, script: string, seconds: number): Promise<CommandEnd> {
  const group = `heddle-test-${randomUUID()}`;
  writeFileSync(root.path('boot-systemd'), bootScript);
  writeFileSync(root.path('script'), `trap 'echo $? >/end; mv /end /ended' EXIT\n${script}\n`);
  try {
    return await root.run(waitScript.replaceAll('GROUP', group), seconds);
  } finally {
    await removeControlGroup(group);
  }
}
