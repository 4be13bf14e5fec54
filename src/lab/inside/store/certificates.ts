import { mkdir, rm } from 'node:fs/promises';
import { presentValues } from '../../../network/per-family.ts';
import type { HostPlan } from '../../plan/topology.ts';
import { nodeShare, sharedDirectory } from '../../protocol.ts';
import { runLabProgram } from '../lab-program.ts';

const directory = `${sharedDirectory}/tls`;

/** The TLS files, as etcd sees them. */
export const etcdTlsFiles = {
  caFile: `${nodeShare}/tls/ca.crt`,
  certFile: `${nodeShare}/tls/etcd.crt`,
  keyFile: `${nodeShare}/tls/etcd.key`,
} as const;

/** Makes an authority, a certificate for etcd and one for all clients. The authority's key is deleted. */
export async function makeCertificates(etcd: HostPlan): Promise<void> {
  await mkdir(directory, { mode: 0o700 });
  await certify('ca', ['-addext', 'basicConstraints=critical,CA:TRUE']);
  const names = [`DNS:${etcd.name}`, ...presentValues(etcd).map(({ address }) => `IP:${address}`)];
  const signed = ['-CA', `${directory}/ca.crt`, '-CAkey', `${directory}/ca.key`];
  const leaf = [...signed, '-addext', 'basicConstraints=critical,CA:FALSE'];
  await Promise.all([
    certify('etcd', [...leaf, '-addext', `subjectAltName=${names.join(',')}`]),
    certify('client', leaf),
  ]);
  await rm(`${directory}/ca.key`);
}

async function certify(name: string, options: readonly string[]): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', `${directory}/${name}.key`, '-out', `${directory}/${name}.crt`];
  await runLabProgram('openssl', ['req', '-x509', ...key, ...files, '-subj', `/CN=${name}`, ...options]);
}
