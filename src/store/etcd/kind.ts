import { resolve } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import type { StoreChoice, StoreKind, StoreOptions, ValuesOf } from '../kind.ts';
import { etcdArguments } from './store-arguments.ts';
import { defaultPrefix, type EtcdStoreOptions, type EtcdUser } from './options.ts';

/** flanneld's options with their variables, and one of heddle's own. */
const options = {
  endpoints: {
    name: '--etcd-endpoints',
    placeholder: 'urls',
    description: 'the client URLs of its members, separated by commas',
    variable: 'FLANNELD_ETCD_ENDPOINTS',
    default: 'http://127.0.0.1:4001,http://127.0.0.1:2379',
    shownDefault: '127.0.0.1, ports 4001 and 2379',
  },
  prefix: {
    name: '--etcd-prefix',
    placeholder: 'prefix',
    description: "the path of flannel's keys",
    variable: 'FLANNELD_ETCD_PREFIX',
    default: defaultPrefix,
  },
  caFile: {
    name: '--etcd-cafile',
    placeholder: 'file',
    description: "the certificate of the authority (CA) that signed the members' certificates",
    variable: 'FLANNELD_ETCD_CAFILE',
  },
  certFile: {
    name: '--etcd-certfile',
    placeholder: 'file',
    description: "this node's client certificate",
    variable: 'FLANNELD_ETCD_CERTFILE',
  },
  keyFile: {
    name: '--etcd-keyfile',
    placeholder: 'file',
    description: 'the private key of that certificate',
    variable: 'FLANNELD_ETCD_KEYFILE',
  },
  username: {
    name: '--etcd-username',
    placeholder: 'name',
    description: 'the name of the etcd user',
    variable: 'FLANNELD_ETCD_USERNAME',
  },
  password: {
    name: '--etcd-password',
    placeholder: 'password',
    description: "the user's password; the variable or a file is safer than the command line",
    variable: 'FLANNELD_ETCD_PASSWORD',
    secretField: ['user', 'password'],
  },
  passwordFile: {
    name: '--etcd-password-file',
    placeholder: 'file',
    description: "a file with the user's password",
    variable: 'HEDDLE_ETCD_PASSWORD_FILE',
  },
} as const satisfies StoreOptions;

type Values = ValuesOf<typeof options>;

interface EtcdChoice extends StoreChoice, Omit<EtcdStoreOptions, 'timing' | 'pageSize'> {
  readonly kind: 'etcd';
}

/** The etcd kind: leases in etcd, with flannel's keys and form. */
export const etcdKind: StoreKind = {
  name: 'etcd',
  options,
  mayBringNetwork: false,
  async choose(values: Values): Promise<EtcdChoice> {
    const { endpoints, prefix, caFile, certFile, keyFile } = values;
    const choice: EtcdChoice = {
      kind: 'etcd',
      endpoints: endpoints.split(',').map((endpoint) => endpoint.trim()),
      prefix,
      caFile: absolute(caFile),
      certFile: absolute(certFile),
      keyFile: absolute(keyFile),
      user: chooseUser(values),
    };
    const { checkEtcdOptions } = await import('./check-options.ts');
    checkEtcdOptions(choice);
    return choice;
  },
  argumentsOf: (choice: EtcdChoice) => etcdArguments(choice),
  async open(choice: EtcdChoice) {
    const { openEtcdStore } = await import('./store.ts');
    return openEtcdStore(choice);
  },
};

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

/** The user to log in as; undefined if none is named. Throws a {@link Failure} of kind `usage` for half a login. */
function chooseUser({ username: name, password, passwordFile }: Values): EtcdUser | undefined {
  if (password !== undefined && passwordFile !== undefined) {
    throw new Failure('usage', 'the etcd password was given twice: directly and in a file', {
      hint: 'remove one of --etcd-password (FLANNELD_ETCD_PASSWORD) and --etcd-password-file',
    });
  }
  if (name === undefined) {
    if (password === undefined && passwordFile === undefined) return undefined;
    throw new Failure('usage', 'an etcd password was given without a user', {
      hint: 'give the user with --etcd-username',
    });
  }
  if (passwordFile !== undefined) return { name, passwordFile: resolve(passwordFile) };
  if (password !== undefined) return { name, password };
  throw new Failure('usage', `the etcd user ${name} was given without a password`, {
    hint: 'set FLANNELD_ETCD_PASSWORD, or give --etcd-password-file',
  });
}
