import type { Command } from 'commander';
import { resolve } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { checkEtcdOptions } from '../../store/etcd/check-options.ts';
import type { StoreChoice } from '../../store/open-store.ts';
import { readEtcdUser } from './etcd-user.ts';
import { hideFromProcessList } from '../arguments/process-list.ts';
import type { StoreFlags } from './store-flags.ts';

type Kind = StoreChoice['kind'];
type SourceOf = (name: keyof StoreFlags) => string | undefined;

const etcdOptions = {
  etcdEndpoints: '--etcd-endpoints',
  etcdPrefix: '--etcd-prefix',
  etcdCafile: '--etcd-cafile',
  etcdCertfile: '--etcd-certfile',
  etcdKeyfile: '--etcd-keyfile',
  etcdUsername: '--etcd-username',
  etcdPassword: '--etcd-password',
  etcdPasswordFile: '--etcd-password-file',
} as const satisfies Partial<Record<keyof StoreFlags, string>>;
const etcdNames = Object.keys(etcdOptions) as (keyof typeof etcdOptions)[];

/**
 * What the options of a command say; where the command above it has them, too, commander gives them to that one. Throws
 * a {@link Failure} of kind `usage` for options that contradict each other, a malformed endpoint and the like.
 */
export function readStoreChoice(command: Command): StoreChoice {
  const flags = command.optsWithGlobals<StoreFlags>();
  const sourceOf: SourceOf = (name) => command.getOptionValueSourceWithGlobals(name);
  if (sourceOf('etcdPassword') === 'cli') hideFromProcessList(flags.etcdPassword ?? '');
  if (chooseKind(flags, sourceOf) === 'files') return { kind: 'files', directory: resolve(flags.storeDir) };
  const options = {
    endpoints: flags.etcdEndpoints.split(',').map((endpoint) => endpoint.trim()),
    prefix: flags.etcdPrefix,
    caFile: absolute(flags.etcdCafile),
    certFile: absolute(flags.etcdCertfile),
    keyFile: absolute(flags.etcdKeyfile),
    user: readEtcdUser(flags),
  };
  checkEtcdOptions(options);
  return { kind: 'etcd', ...options };
}

/** The command line says more than a variable, which may be there for flanneld. */
function chooseKind(flags: StoreFlags, sourceOf: SourceOf): Kind {
  const [first, ...others] = readStatements(flags, sourceOf);
  const other = others.find(({ kind }) => kind !== first?.kind);
  if (first !== undefined && other !== undefined) throw contradiction(first, other);
  if (first !== undefined) return first.kind;
  return flags.store ?? (etcdNames.some((name) => sourceOf(name) === 'env') ? 'etcd' : 'files');
}

/** An option that says where the leases are. */
interface Statement {
  readonly kind: Kind;
  readonly option: string;
}

function readStatements({ store }: StoreFlags, sourceOf: SourceOf): readonly Statement[] {
  const isGiven = (name: keyof StoreFlags): boolean => sourceOf(name) === 'cli';
  return [
    ...(store !== undefined && isGiven('store') ? [{ kind: store, option: `--store ${store}` }] : []),
    ...(isGiven('storeDir') ? [{ kind: 'files', option: '--store-dir' } as const] : []),
    ...etcdNames.filter(isGiven).map((name) => ({ kind: 'etcd', option: etcdOptions[name] }) as const),
  ];
}

function contradiction(first: Statement, second: Statement): Failure {
  const [files, etcd] = first.kind === 'files' ? [first, second] : [second, first];
  return new Failure('usage', `${first.option} and ${second.option} contradict each other`, {
    hint: `drop ${etcd.option} if the leases are in files, or ${files.option} if they are in etcd`,
  });
}

/** For `heddle down`, which may be called from another directory. */
function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
