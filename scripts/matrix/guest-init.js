// Pure: the first program of the guest. BusyBox runs it from the initramfs.
import { quote } from 'shell-quote';
import { marker } from './console.js';

/** The modules that the guest needs before it sees this machine's files. */
export const bootModules = ['virtio_pci', '9pnet_virtio', '9p'];

/** The tag of this machine's file system. */
export const mountTag = 'host';

/** The option of the kernel's command line that has the command to run, as base64. */
export const jobOption = 'heddle.job=';

/**
 * The script that mounts this machine's files read-only, with /tmp and /run in memory, and runs the job in them.
 *
 * The job runs after switch_root, because a process that enters another mount namespace would leave a chroot. The kernel
 * loads modules through the program in /proc/sys/kernel/modprobe: BusyBox, in a directory where it finds the guest's own.
 * @param {{ modules: readonly string[], moduleDirectory: string }} options the files in /modules, in their order; the
 *   directory on this machine that holds the modules of the kernel
 */
export function composeInit({ modules, moduleDirectory }) {
  return `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
echo 1 >/proc/sys/kernel/printk
for module in ${modules.join(' ')}; do $b insmod "/modules/$module"; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose ${mountTag} /host
$b mount --bind ${quote([`/host${moduleDirectory}`])} /lib/modules
for directory in /tmp /run; do $b mount -t tmpfs -o mode=0755 memory "/host$directory"; done
$b chmod 1777 /host/tmp

guest=/host/run/heddle-guest
$b mkdir -p $guest/bin $guest/sbin $guest/lib/modules $guest/proc
$b cp $b $guest/bin/
$b ln -s /bin/busybox $guest/sbin/modprobe
$b mount --move /lib/modules $guest/lib/modules
$b mount -t proc proc $guest/proc
$b cp /job /modprobe $guest/
echo ${modprobe} >/proc/sys/kernel/modprobe

$b ip link set lo up
for directory in proc sys dev; do $b mount --move "/$directory" "/host/$directory"; done
$b mkdir -p /host/dev/pts /host/dev/shm
$b mount -t devpts devpts /host/dev/pts
$b mount -t tmpfs memory /host/dev/shm
$b ln -s /proc/self/fd /host/dev/fd
n=0
for name in stdin stdout stderr; do
  $b ln -s "/proc/self/fd/$n" "/host/dev/$name"
  n=$((n + 1))
done
exec $b switch_root /host /run/heddle-guest/job
`;
}

/** Where the guest has {@link modprobeScript}. */
export const modprobe = '/run/heddle-guest/modprobe';

/** The program that the kernel calls to load a module. */
export const modprobeScript = `#!/bin/sh
exec /run/heddle-guest/bin/busybox chroot /run/heddle-guest /sbin/modprobe "$@"
`;

/** The script that runs the job, prints its outcome as one marked line on the console, and turns the guest off. */
export const jobScript = `#!/bin/sh
export HOME=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 NO_COLOR=1
job=$(sed 's/.*${jobOption}\\([^ ]*\\).*/\\1/' /proc/cmdline | base64 -d)
sh -c "$job" >/run/heddle-guest/stdout
status=$?
printf '\\n${marker}{"exitCode":%d,"stdout":"%s"}\\n' "$status" "$(base64 -w 0 /run/heddle-guest/stdout)"
exec /run/heddle-guest/bin/busybox poweroff -f
`;
