import type { LabListing } from '../../../src/lab/ps.ts';

/** A lab of vxlan whose daemons were killed, so that nothing repairs it. */
interface DeadLab {
  readonly nodes: LabListing['nodes'];
  /** The device of VXLAN on node2: its address and its MAC. */
  readonly vtep: { readonly address: string; readonly mac: string };
}

/** A way to break the lab so that packets from node1-pod to node2-pod are lost, and what a trace then says. */
interface BrokenLab {
  readonly what: string;
  readonly breaks: () => readonly (readonly [place: string, line: string])[];
  readonly repairs: () => readonly (readonly [place: string, line: string])[];
  readonly size?: number;
  /** The likely cause, which names the node and the entry. */
  readonly cause: () => RegExp;
  readonly shows: RegExp;
  /** The place of the last frame, and its device. */
  readonly seen: readonly [place: string, device: string] | undefined;
  /** A counter that rises. */
  readonly counts?: RegExp;
}

const escape = (text: string): string => text.replaceAll('.', String.raw`\.`);

/** The six broken labs, each with one fault. `lab` is called when a fault is made, not before. */
export function brokenLabs(lab: () => DeadLab): readonly BrokenLab[] {
  return [
    {
      what: 'a wrong FDB entry',
      breaks: () => [
        ['node1', `bridge fdb replace ${lab().vtep.mac} dev flannel.1 dst 172.30.0.3 self permanent`],
      ],
      repairs: () => [
        ['node1', `bridge fdb replace ${lab().vtep.mac} dev flannel.1 dst 172.30.0.2 self permanent`],
      ],
      cause: () =>
        /^the FDB entry on flannel\.1 of node1 sends packets for \S+ to 172\.30\.0\.3, which is node3, but \S+ is on node2 \(172\.30\.0\.2\)$/,
      shows: /node1 -- bridge fdb get \S+ dev flannel\.1 self$/,
      seen: ['node3', 'flannel.1'],
    },
    {
      what: 'a missing neighbour',
      breaks: () => [['node1', `ip neigh del ${lab().vtep.address} dev flannel.1`]],
      repairs: () => [
        [
          'node1',
          `ip neigh replace ${lab().vtep.address} lladdr ${lab().vtep.mac} dev flannel.1 nud permanent`,
        ],
      ],
      cause: () =>
        new RegExp(
          `^the neighbour entry of ${escape(lab().vtep.address)} on flannel\\.1 of node1 is missing`,
        ),
      shows: /node1 -- ip neigh show \S+ dev flannel\.1$/,
      seen: ['node1', 'cbr0'],
      counts: /^flannel\.1 tx dropped$/,
    },
    {
      what: 'a link with a smaller MTU',
      breaks: () => [['underlay', 'ip link set node1 mtu 1400']],
      repairs: () => [['underlay', 'ip link set node1 mtu 1500']],
      size: 1450,
      cause: () =>
        /^the packet has 1500 bytes on the wire, but the device node1 of underlay has the MTU 1400 and drops larger ones$/,
      shows: /underlay -- ip link show dev node1$/,
      seen: ['node1', 'eth0'],
      counts: /^node1 rx dropped$/,
    },
    {
      what: 'a firewall that drops VXLAN',
      breaks: () => [
        [
          'node2',
          "nft 'table inet foreign { chain input { type filter hook input priority 0; udp dport 8472 drop; }; }'",
        ],
      ],
      repairs: () => [['node2', 'nft delete table inet foreign']],
      cause: () =>
        /^the firewall of node2 drops the packet: table inet foreign, chain input: udp dport 8472 drop$/,
      shows: /node2 -- nft -a list chain inet foreign input$/,
      seen: ['node2', 'eth0'],
    },
    {
      what: 'a strict reverse path filter',
      breaks: () => [
        ['node2', `ip route add ${lab().nodes[0]?.subnet ?? ''} via 172.30.0.1 dev eth0 metric 1`],
        ['node2', 'echo 1 >/proc/sys/net/ipv4/conf/flannel.1/rp_filter'],
      ],
      repairs: () => [
        ['node2', `ip route del ${lab().nodes[0]?.subnet ?? ''} via 172.30.0.1 dev eth0 metric 1`],
        ['node2', 'echo 0 >/proc/sys/net/ipv4/conf/flannel.1/rp_filter'],
      ],
      cause: () =>
        /^the reverse path filter \(rp_filter\) of node2 drops packets from \S+ that arrive on flannel\.1/,
      shows: /node2 -- ip route get \S+$/,
      seen: ['node2', 'flannel.1'],
      counts: /IPReversePathFilter$/,
    },
    {
      what: 'NAT of packets into the overlay',
      breaks: () => [['node1', 'iptables -t nat -I POSTROUTING -o flannel.1 -j SNAT --to-source 192.0.2.7']],
      repairs: () => [['node1', 'iptables -t nat -D POSTROUTING -o flannel.1 -j SNAT --to-source 192.0.2.7']],
      cause: () =>
        /^the firewall of node1 changes the source of the packet from \S+ to 192\.0\.2\.7 \(NAT by table ip nat, chain POSTROUTING: .*snat to 192\.0\.2\.7\), so the answer goes to 192\.0\.2\.7: node2 does not have a route for packets from \S+ to 192\.0\.2\.7/,
      shows: /node1 -- iptables -t nat -vnL POSTROUTING --line-numbers$/,
      seen: ['node2', 'cbr0'],
      counts: /iptables -t nat .*SNAT/,
    },
  ];
}
