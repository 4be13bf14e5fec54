import { spawnSync } from 'node:child_process';

/** The commands that succeed, in a network namespace of their own, if the kernel has a feature. @type {Record<string, string>} */
export const featureProbes = {
  vxlan: 'ip link add probe type vxlan id 1 dstport 8472',
  wireguard: 'ip link add probe type wireguard',
  ipip: 'ip link add probe type ipip local 192.0.2.1',
  fou: 'ip fou add port 5555 ipproto 4',
  esp: 'ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode tunnel aead "rfc4106(gcm(aes))" 0x0102030405060708090a0b0c0d0e0f1011121314 128',
  xfrm: 'ip link add probe type xfrm dev lo if_id 1',
  geneve: 'ip link add probe type geneve external innerprotoinherit',
  gre: 'ip link add probe type gre local 192.0.2.1',
  ip6gre: 'ip link add probe type ip6gre external',
  tun: 'ip tuntap add dev probe mode tun',
};

/** Whether this machine's kernel has a feature. @param {string} feature */
export function hasFeature(feature) {
  const probe = featureProbes[feature];
  if (probe === undefined) throw new Error(`there is no probe of the feature ${feature}`);
  const namespaces = ['--net', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
  return spawnSync('unshare', [...namespaces, 'sh', '-c', probe], { stdio: 'ignore' }).status === 0;
}

/**
 * Why this machine's kernel cannot carry what needs these features, or undefined if it can.
 * @param {readonly string[]} features @param {(feature: string) => boolean} [has]
 */
export function featureProblem(features, has = hasFeature) {
  const missing = features.filter((feature) => !has(feature));
  return missing.length === 0 ? undefined : `needs ${missing.join(' and ')} in the kernel`;
}

/** Whether a program is on PATH. @param {string} program */
export function hasProgram(program) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' }).status === 0;
}
