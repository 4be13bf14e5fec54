import { enteredLine, labRoot } from '../protocol.ts';

/** The `$0` of a lab's first process, which identifies it; its `$1` is the lab's name. */
export const firstProcessMarker = 'heddle-lab';

/** The machine's directories that commands in a lab may write to. The files are in memory, and disappear with the lab. */
const privateDirectories = ['/tmp', '/var', '/etc'] as const;

/**
 * The script of the lab's first process. It is PID 1 of its own PID namespace, so that the kernel ends every process of the lab with it. It
 * is a shell because PID 1 must reap orphans: Node reaps only its own children, and `wait` reaps any. Its umask keeps other users from
 * writing to its files, because daemons refuse recipes that others could write. `$1` is the lab's name, `$2` a file that must stay visible,
 * the rest the program that does the work.
 */
export const firstProcessScript = `
echo ${enteredLine}
set -e
umask 022
needed=$2
shift 2
mount -t tmpfs -o mode=0755 heddle-lab /run
mkdir -p ${labRoot}/nodes ${labRoot}/shared
for directory in ${privateDirectories.join(' ')}; do
  layers=${labRoot}/private$directory
  mkdir -p "$layers/upper" "$layers/work"
  if [ "$directory" = /tmp ]; then chmod 1777 "$layers/upper"; fi
  options="lowerdir=$directory,upperdir=$layers/upper,workdir=$layers/work"
  mount -t overlay -o "$options" heddle-lab "$directory" 2>/dev/null || continue
  [ -e "$needed" ] || umount "$directory"
done
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
[ ! -d /proc/sys/net/ipv6 ] || echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
set +e
exec 3<&0
"$@" <&3 3<&- &
main=$!
exec 3<&- </dev/null
trap 'kill -TERM "$main"' TERM INT HUP
while :; do
  wait "$main"
  status=$?
  kill -0 "$main" 2>/dev/null || exit "$status"
done
`;
