import { defaultPrefix, type EtcdStoreOptions } from './options.ts';

/** The options of a command that opens the same etcd, for hints. A password in no file is left out: its variable holds it. */
export function etcdArguments(options: EtcdStoreOptions): readonly string[] {
  const { endpoints, prefix = defaultPrefix, caFile, certFile, keyFile, user } = options;
  const values = {
    '--etcd-endpoints': endpoints.join(','),
    '--etcd-prefix': prefix === defaultPrefix ? undefined : prefix,
    '--etcd-cafile': caFile,
    '--etcd-certfile': certFile,
    '--etcd-keyfile': keyFile,
    '--etcd-username': user?.name,
    '--etcd-password-file': user !== undefined && 'passwordFile' in user ? user.passwordFile : undefined,
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}
