import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { Host } from './host.ts';

/** Hosts in namespaces of their own, joined by an underlay. */
export interface HostSet {
  readonly hosts: readonly Host[];
  /** The namespace of the switches, which forwards between the segments: 172.30.N.254 in segment N. */
  readonly router: Host;
  /** Ends every process of the set; the kernel takes its interfaces with them. */
  close(): Promise<void>;
}

/*
 * The first process of the set, in its own PID, network and mount namespaces. It makes a switch for each segment and
 * a host for each argument, then waits: when its stdin ends, be it that the test is over or dead, it ends, and with it
 * everything in its PID namespace. Each argument is the number of a host's segment.
 */
const holderScript = `
set -e
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkfifo /run/started
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
# Nothing of an address is to change by itself, later: no link-local ones on the underlay, and no detection of duplicates.
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode
number=0
for segment do
  number=$((number + 1))
  if [ ! -d "/sys/class/net/switch$segment" ]; then
    ip link add "switch$segment" type bridge
    ip address add "172.30.$segment.254/24" dev "switch$segment"
    ip address add "fd00:99:$segment::fe/64" dev "switch$segment" nodad
    # The source of the router's neighbour solicitations: Linux 6.1 sends none for a forwarded packet from a device without one.
    ip address add fe80::fe/64 dev "switch$segment" nodad
    ip link set "switch$segment" up
  fi
  unshare --net --mount sh -c '
    mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && mkdir -m 700 /run/state && echo $$ >&3 && exec sleep infinity 3>&-
  ' 3>/run/started &
  read -r pid </run/started
  ip link add "port$number" type veth peer name eth0 netns "$pid"
  ip link set "port$number" master "switch$segment" up
  nsenter --target "$pid" --net sh -ec '
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
    ip link set lo up
    ip link set eth0 addrgenmode none
    ip link set eth0 up
    ip address add "172.30.$1.$2/24" dev eth0
    ip address add "fd00:99:$1::$2/64" dev eth0 nodad
    ip route add default via "172.30.$1.254"
    ip -6 route add default via "fd00:99:$1::fe"
    # The kernel adds the anycast address of a router a moment later. A test that compares the kernel with before must not see it come.
    for try in $(seq 200); do
      ip -6 route show table local | grep -q "^anycast fd00:99:$1:: " && break
      sleep 0.02
    done
  ' - "$segment" "$number"
  echo "host $pid"
done
echo ready
# No exec: this shell is the one that orphans are left to, and it has to bury them.
cat >/dev/null
exit 0
`;

/** Makes one host for each segment number given: hosts of one segment share a switch, a router joins the segments. */
export async function startHosts(segments: readonly number[]): Promise<HostSet> {
  const holder = execa(
    'unshare',
    [
      ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['sh', '-c', holderScript, 'hosts', ...segments.map(String)],
    ],
    { buffer: { stdout: false }, reject: false },
  );
  const pids: number[] = [];
  for await (const line of createInterface({ input: holder.stdout })) {
    if (line === 'ready') break;
    pids.push(Number(line.replace('host ', '')));
  }
  if (holder.pid === undefined || pids.length < segments.length) {
    throw new Error(`the hosts did not start: ${(await holder).stderr}`);
  }
  const set = holder.pid;
  return {
    // The first process of a set is number 1 there.
    router: new Host({ set, pid: 1 }, 254, 1),
    hosts: pids.map((pid, index) => new Host({ set, pid }, index + 1, segments[index] ?? 1)),
    close: async () => {
      holder.stdin.end();
      await holder;
    },
  };
}
