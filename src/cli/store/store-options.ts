import { Option } from 'commander';
import type { Command } from 'commander';
import type { StoreChoice } from '../../store/open-store.ts';

/** Where the leases of a cluster are when nothing else is said. */
const defaultStoreDirectory = '/var/lib/heddle/store';
const defaultEndpoints = 'http://127.0.0.1:4001,http://127.0.0.1:2379';

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
        .default(defaultEndpoints, '127.0.0.1, ports 4001 and 2379'),
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

/** What they say, as `readStoreChoice` reads them. */
export async function chooseStore(command: Command): Promise<StoreChoice> {
  const { readStoreChoice } = await import('./store-choice.ts');
  return readStoreChoice(command);
}
