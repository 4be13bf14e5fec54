import { resolve } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import type { EtcdUser } from '../../store/etcd/options.ts';

/** What was said of the etcd user. */
interface UserFlags {
  readonly etcdUsername?: string;
  readonly etcdPassword?: string;
  readonly etcdPasswordFile?: string;
}

/** Whom to log in to etcd as: nobody if no user is named. Throws a {@link Failure} of kind `usage`. */
export function readEtcdUser(flags: UserFlags): EtcdUser | undefined {
  const { etcdUsername: name, etcdPassword: password, etcdPasswordFile: passwordFile } = flags;
  if (password !== undefined && passwordFile !== undefined) {
    throw new Failure('usage', 'the etcd password was given twice, by itself and in a file', {
      hint: 'leave out one of --etcd-password (FLANNELD_ETCD_PASSWORD) and --etcd-password-file',
    });
  }
  if (name === undefined) {
    if (password === undefined && passwordFile === undefined) return undefined;
    throw new Failure('usage', 'an etcd password was given, but no user', {
      hint: 'name the user with --etcd-username',
    });
  }
  if (passwordFile !== undefined) return { name, passwordFile: resolve(passwordFile) };
  if (password !== undefined) return { name, password };
  throw new Failure('usage', `the etcd user ${name} was given without a password`, {
    hint: 'set FLANNELD_ETCD_PASSWORD, or give --etcd-password-file',
  });
}
