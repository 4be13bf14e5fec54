/** A flag of flanneld 0.28.9, as `flanneld --help` lists it. */
interface FlanneldFlag {
  readonly name: string;
  readonly variable: string;
  readonly default: string;
  /** A value that its operator might give. */
  readonly sample: string;
  /** What `heddle up` has read then. */
  readonly read: unknown;
  /** What `heddle up` does with the sample. */
  readonly outcome: 'same' | 'warning' | 'version';
}

type Row = readonly [
  name: string,
  variable: string,
  fallback: string,
  sample: string,
  read: unknown,
  outcome: FlanneldFlag['outcome'],
];

const rows: readonly Row[] = [
  [
    'etcd-endpoints',
    'FLANNELD_ETCD_ENDPOINTS',
    'http://127.0.0.1:4001,http://127.0.0.1:2379',
    'http://10.9.8.7:2379',
    'http://10.9.8.7:2379',
    'same',
  ],
  ['etcd-prefix', 'FLANNELD_ETCD_PREFIX', '/coreos.com/network', '/loom', '/loom', 'same'],
  ['etcd-keyfile', 'FLANNELD_ETCD_KEYFILE', '', '/tls/node.key', '/tls/node.key', 'same'],
  ['etcd-certfile', 'FLANNELD_ETCD_CERTFILE', '', '/tls/node.crt', '/tls/node.crt', 'same'],
  ['etcd-cafile', 'FLANNELD_ETCD_CAFILE', '', '/tls/ca.crt', '/tls/ca.crt', 'same'],
  ['etcd-username', 'FLANNELD_ETCD_USERNAME', '', 'weaver', 'weaver', 'same'],
  ['etcd-password', 'FLANNELD_ETCD_PASSWORD', '', 'weft', 'weft', 'same'],
  ['iface', 'FLANNELD_IFACE', '', 'eth0', ['eth0'], 'same'],
  ['iface-regex', 'FLANNELD_IFACE_REGEX', '', '^eth', ['^eth'], 'same'],
  ['iface-can-reach', 'FLANNELD_IFACE_CAN_REACH', '', '10.9.8.7', '10.9.8.7', 'same'],
  ['public-ip', 'FLANNELD_PUBLIC_IP', '', '10.9.8.7', '10.9.8.7', 'same'],
  ['public-ipv6', 'FLANNELD_PUBLIC_IPV6', '', 'fd00::7', 'fd00::7', 'same'],
  [
    'subnet-file',
    'FLANNELD_SUBNET_FILE',
    '/run/flannel/subnet.env',
    '/run/loom.env',
    '/run/loom.env',
    'same',
  ],
  ['subnet-lease-renew-margin', 'FLANNELD_SUBNET_LEASE_RENEW_MARGIN', '60', '1439', 1439, 'same'],
  ['ip-masq', 'FLANNELD_IP_MASQ', 'false', 'true', true, 'same'],
  ['ip-masq-fully-random-disable', 'FLANNELD_IP_MASQ_FULLY_RANDOM_DISABLE', 'false', 'T', true, 'same'],
  ['iptables-resync', 'FLANNELD_IPTABLES_RESYNC', '5', '0x1E', 30, 'same'],
  ['iptables-forward-rules', 'FLANNELD_IPTABLES_FORWARD_RULES', 'true', '1', true, 'same'],
  ['ip-blackhole-route', 'FLANNELD_IP_BLACKHOLE_ROUTE', 'false', 'True', true, 'same'],
  ['kube-subnet-mgr', 'FLANNELD_KUBE_SUBNET_MGR', 'false', 't', true, 'same'],
  ['kube-api-url', 'FLANNELD_KUBE_API_URL', '', 'https://10.9.8.7:6443', 'https://10.9.8.7:6443', 'warning'],
  ['kubeconfig-file', 'FLANNELD_KUBECONFIG_FILE', '', '/etc/kubeconfig', '/etc/kubeconfig', 'warning'],
  [
    'kube-annotation-prefix',
    'FLANNELD_KUBE_ANNOTATION_PREFIX',
    'flannel.alpha.coreos.com',
    'loom.example',
    'loom.example',
    'warning',
  ],
  [
    'net-config-path',
    'FLANNELD_NET_CONFIG_PATH',
    '/etc/kube-flannel/net-conf.json',
    '/etc/net.json',
    '/etc/net.json',
    'warning',
  ],
  [
    'set-node-network-unavailable',
    'FLANNELD_SET_NODE_NETWORK_UNAVAILABLE',
    'true',
    'FALSE',
    false,
    'warning',
  ],
  ['healthz-ip', 'FLANNELD_HEALTHZ_IP', '0.0.0.0', '127.0.0.1', '127.0.0.1', 'same'],
  ['healthz-port', 'FLANNELD_HEALTHZ_PORT', '0', '8081', 8081, 'same'],
  ['version', 'FLANNELD_VERSION', 'false', 'true', true, 'version'],
  ['v', 'FLANNELD_V', '0', '10', 10, 'warning'],
  ['vmodule', 'FLANNELD_VMODULE', '', 'main=2', 'main=2', 'warning'],
  ['log_backtrace_at', 'FLANNELD_LOG_BACKTRACE_AT', ':0', 'main.go:200', 'main.go:200', 'warning'],
];

export const flanneldFlags: readonly FlanneldFlag[] = rows.map(
  ([name, variable, fallback, sample, read, outcome]) => ({
    name,
    variable,
    default: fallback,
    sample,
    read,
    outcome,
  }),
);
