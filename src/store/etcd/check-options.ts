import { Failure } from '../../diagnostic/failure.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import { parseEndpoints, type Endpoint } from './endpoint.ts';
import type { EtcdStoreOptions, TlsFiles } from './options.ts';

/**
 * Checks the options as far as possible without a file or a member, and returns the members. Throws a {@link Failure} of kind `usage`.
 */
export function checkEtcdOptions(options: EtcdStoreOptions): readonly Endpoint[] {
  const { endpoints, prefix, caFile, certFile, keyFile } = options;
  requirePair(options);
  if (prefix !== undefined && (prefix === '' || /\p{Cc}/u.test(prefix))) {
    throw new Failure('usage', `the etcd prefix cannot be ${quoteText(prefix)}`, {
      hint: 'give the path of the network’s keys with --etcd-prefix or FLANNELD_ETCD_PREFIX, such as /coreos.com/network',
    });
  }
  const namesTlsFiles = [caFile, certFile, keyFile].some((file) => file !== undefined);
  return parseEndpoints(endpoints, namesTlsFiles);
}

function requirePair({ certFile, keyFile }: TlsFiles): void {
  if ((certFile === undefined) === (keyFile === undefined)) return;
  const [given, lacking] = certFile === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
  throw new Failure('usage', `a ${given} file for etcd was given, but no ${lacking} file`, {
    hint: 'give both --etcd-certfile and --etcd-keyfile, or neither; their variables are FLANNELD_ETCD_CERTFILE and FLANNELD_ETCD_KEYFILE',
  });
}
