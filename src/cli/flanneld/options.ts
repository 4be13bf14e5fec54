/** The way in which flanneld reads a value: `texts` may be given several times, of any other the last one counts. */
type FlanneldKind = 'text' | 'texts' | 'number' | 'truth';

/** The effect of an option of flanneld on `heddle up`. */
type Meaning =
  /** The same as in flanneld. The code that declares the option is elsewhere. */
  | { readonly kind: 'same' }
  /** The same as in flanneld if the leases are in this kind of store. Otherwise heddle accepts it with a warning; `why` is a clause. */
  | { readonly kind: 'of-store'; readonly store: string; readonly why: string }
  /** Nothing in heddle depends on it. heddle accepts it with a warning; `why` is a clause. */
  | { readonly kind: 'without-effect'; readonly why: string };

/** An option of flanneld's command line. */
export interface FlanneldOption {
  /** Without dashes. */
  readonly name: string;
  readonly kind: FlanneldKind;
  /** The default of flanneld as text; empty where there is none. */
  readonly default: string;
  readonly meaning: Meaning;
}

const same: Meaning = { kind: 'same' };
const ofKubernetes: Meaning = {
  kind: 'of-store',
  store: 'kubernetes',
  why: 'only --kube-subnet-mgr uses it, as in flanneld',
};

function withoutEffect(why: string): Meaning {
  return { kind: 'without-effect', why };
}

/** Every option of flanneld 0.28.9, in the order of its documentation. Each is also a variable: {@link variableOf}. */
export const flanneldOptions: readonly FlanneldOption[] = [
  {
    name: 'etcd-endpoints',
    kind: 'text',
    default: 'http://127.0.0.1:4001,http://127.0.0.1:2379',
    meaning: same,
  },
  { name: 'etcd-prefix', kind: 'text', default: '/coreos.com/network', meaning: same },
  { name: 'etcd-keyfile', kind: 'text', default: '', meaning: same },
  { name: 'etcd-certfile', kind: 'text', default: '', meaning: same },
  { name: 'etcd-cafile', kind: 'text', default: '', meaning: same },
  { name: 'etcd-username', kind: 'text', default: '', meaning: same },
  { name: 'etcd-password', kind: 'text', default: '', meaning: same },
  { name: 'iface', kind: 'texts', default: '', meaning: same },
  { name: 'iface-regex', kind: 'texts', default: '', meaning: same },
  { name: 'iface-can-reach', kind: 'text', default: '', meaning: same },
  { name: 'public-ip', kind: 'text', default: '', meaning: same },
  { name: 'public-ipv6', kind: 'text', default: '', meaning: same },
  { name: 'subnet-file', kind: 'text', default: '/run/flannel/subnet.env', meaning: same },
  { name: 'subnet-lease-renew-margin', kind: 'number', default: '60', meaning: same },
  { name: 'ip-masq', kind: 'truth', default: 'false', meaning: same },
  { name: 'ip-masq-fully-random-disable', kind: 'truth', default: 'false', meaning: same },
  { name: 'iptables-forward-rules', kind: 'truth', default: 'true', meaning: same },
  { name: 'iptables-resync', kind: 'number', default: '5', meaning: same },
  { name: 'ip-blackhole-route', kind: 'truth', default: 'false', meaning: same },
  {
    name: 'kube-subnet-mgr',
    kind: 'truth',
    default: 'false',
    meaning: same,
  },
  { name: 'kube-api-url', kind: 'text', default: '', meaning: ofKubernetes },
  { name: 'kubeconfig-file', kind: 'text', default: '', meaning: ofKubernetes },
  {
    name: 'kube-annotation-prefix',
    kind: 'text',
    default: 'flannel.alpha.coreos.com',
    meaning: ofKubernetes,
  },
  {
    name: 'net-config-path',
    kind: 'text',
    default: '/etc/kube-flannel/net-conf.json',
    meaning: ofKubernetes,
  },
  { name: 'set-node-network-unavailable', kind: 'truth', default: 'true', meaning: ofKubernetes },
  {
    name: 'healthz-ip',
    kind: 'text',
    default: '0.0.0.0',
    meaning: same,
  },
  {
    name: 'healthz-port',
    kind: 'number',
    default: '0',
    meaning: same,
  },
  { name: 'version', kind: 'truth', default: 'false', meaning: same },
  {
    name: 'v',
    kind: 'number',
    default: '0',
    meaning: withoutEffect("it sets the level of flanneld's log; use --log-level"),
  },
  {
    name: 'vmodule',
    kind: 'text',
    default: '',
    meaning: withoutEffect('it names source files of flanneld, which heddle does not have'),
  },
  {
    name: 'log_backtrace_at',
    kind: 'text',
    default: ':0',
    meaning: withoutEffect('it names a line of the source of flanneld, which heddle does not have'),
  },
];

/** The variable that stands for an option: `FLANNELD_ETCD_PREFIX`. */
export function variableOf({ name }: Pick<FlanneldOption, 'name'>): string {
  return `FLANNELD_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** The options whose empty value says nothing to flanneld, with their dashes. To the others an empty value is a mistake. */
export const mayBeEmptyInFlanneld: readonly string[] = flanneldOptions
  .filter((row) => row.default === '' && (row.kind === 'text' || row.kind === 'texts'))
  .map(({ name }) => `--${name}`);
