import type { NodeStatus, PartStatus } from '../../../src/daemon/report/status.ts';

/** A part that is in order. */
export function partOf(name: string, settings: string): PartStatus {
  return { name, state: 'whole', settings, because: null, failures: 0, nextTryAt: null };
}

/** The status of a node of which all is well. */
export const exampleStatus: NodeStatus = {
  state: 'running',
  because: null,
  version: '0.1.0',
  pid: 63,
  node: 'node1',
  waitingFor: null,
  startedAt: '2026-11-20T14:13:06.765Z',
  recipe: { name: 'vxlan', file: '/recipes/vxlan.json', type: 'vxlan' },
  parameters: { VNI: '1', PSK: '***' },
  network: '10.50.0.0/16',
  store: 'etcd at https://10.0.0.5:2379 under /coreos.com/network',
  storeOutage: null,
  iface: 'eth0',
  lease: {
    subnet: '10.50.85.0/24',
    publicIp: '172.30.0.1',
    publicIpv6: null,
    expiresAt: '2026-11-21T14:13:06.765Z',
  },
  mtu: 1450,
  parts: [
    partOf('device', 'on eth0, overlay MTU 1450'),
    partOf('traffic-rules', 'masquerade, forward, looked at every 5 s'),
    partOf('peers', '2 of 2 in place'),
    partOf('subnet-file', '/run/flannel/subnet.env'),
  ],
  counts: { wanted: 2, inPlace: 2, pending: 0, failing: 0, ignored: 0, rejected: 0, unreachable: 0 },
  peers: [],
  rejections: [],
  concerns: [],
  sharedAddresses: [],
  lastDrift: null,
  liberties: [],
  probe: null,
};
