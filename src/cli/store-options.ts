import { Option } from 'commander';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { StoreChoice } from '../store/open-store.ts';
import { readEtcdUser } from './etcd-user.ts';
import { hideFromProcessList } from './process-list.ts';

/** Where the leases of a cluster are when nothing else is said. */
const defaultStoreDirectory = '/var/lib/heddle/store';
const defaultEndpoints = 'http://127.0.0.1:4001,http://127.0.0.1:2379';

/** The options that {@link addStoreOptions} adds, as commander hands them over. */
export interface StoreFlags {
  readonly store?: 'files' | 'etcd';
  readonly storeDir: string;
  readonly etcdEndpoints: string;
  readonly etcdPrefix: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdUsername?: string;
  readonly etcdPassword?: string;
  readonly etcdPasswordFile?: string;
}

/** Adds the options that say where the leases are: heddle's own, and flanneld's with their variables. */
export function addStoreOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--store <kind>',
        'where the leases are (default: etcd if an etcd option or variable is given, else files)',
      )
        .choices(['files', 'etcd'])
        .env('HEDDLE_STORE'),
    )
    .addOption(
      new Option('--store-dir <dir>', 'files: the directory that holds the leases, shared by all nodes')
        .env('HEDDLE_STORE_DIR')
        .default(defaultStoreDirectory),
    )
    .addOption(
      new Option('--etcd-endpoints <urls>', 'etcd: its members, separated by commas')
        .env('FLANNELD_ETCD_ENDPOINTS')
        .default(defaultEndpoints),
    )
    .addOption(
      new Option('--etcd-prefix <prefix>', "etcd: what flannel's keys stand under")
        .env('FLANNELD_ETCD_PREFIX')
        .default('/coreos.com/network'),
    )
    .addOption(
      new Option('--etcd-cafile <file>', 'etcd: the authority that signs its certificates').env(
        'FLANNELD_ETCD_CAFILE',
      ),
    )
    .addOption(
      new Option('--etcd-certfile <file>', "etcd: this node's certificate").env('FLANNELD_ETCD_CERTFILE'),
    )
    .addOption(new Option('--etcd-keyfile <file>', "etcd: this node's key").env('FLANNELD_ETCD_KEYFILE'))
    .addOption(new Option('--etcd-username <name>', 'etcd: the user').env('FLANNELD_ETCD_USERNAME'))
    .addOption(
      new Option(
        '--etcd-password <password>',
        "etcd: the user's password; better in the variable or a file than in a command line",
      ).env('FLANNELD_ETCD_PASSWORD'),
    )
    .addOption(
      new Option('--etcd-password-file <file>', "etcd: a file that holds the user's password").env(
        'HEDDLE_ETCD_PASSWORD_FILE',
      ),
    );
}

const etcdFlags = [
  'etcdEndpoints',
  'etcdPrefix',
  'etcdCafile',
  'etcdCertfile',
  'etcdKeyfile',
  'etcdUsername',
  'etcdPassword',
  'etcdPasswordFile',
] as const satisfies readonly (keyof StoreFlags)[];

/**
 * What the options of a command say; where the command above it has them, too, commander gives them to that one. Throws
 * a {@link Failure} for a user without a password and the like.
 */
export function readStoreChoice(command: Command): StoreChoice {
  const flags = command.optsWithGlobals<StoreFlags>();
  const sourceOf = (name: keyof StoreFlags): string | undefined =>
    command.getOptionValueSourceWithGlobals(name);
  if (sourceOf('etcdPassword') === 'cli') hideFromProcessList(flags.etcdPassword ?? '');
  const kind = flags.store ?? guessKind(sourceOf);
  if (kind === 'files') return { kind, directory: resolve(flags.storeDir) };
  return {
    kind,
    endpoints: flags.etcdEndpoints.split(',').map((endpoint) => endpoint.trim()),
    prefix: flags.etcdPrefix,
    caFile: absolute(flags.etcdCafile),
    certFile: absolute(flags.etcdCertfile),
    keyFile: absolute(flags.etcdKeyfile),
    user: readEtcdUser(flags),
  };
}

/** An option on the command line says more than a variable, which may be there for flanneld. */
function guessKind(sourceOf: (name: keyof StoreFlags) => string | undefined): StoreChoice['kind'] {
  if (etcdFlags.some((name) => sourceOf(name) === 'cli')) return 'etcd';
  if (sourceOf('storeDir') === 'cli') return 'files';
  return etcdFlags.some((name) => sourceOf(name) === 'env') ? 'etcd' : 'files';
}

/** For `heddle down`, which may be called from another directory. */
function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
