import { featureProbes } from '../matrix/features.js';
import { unreadableCheckout } from './unprivileged.js';

/**
 * A test or a part that could not run, and why.
 * @typedef {{ what: string, reason: string }} Skip
 */

/** The features of kernels that CI's may lack. Every kernel that runs these tests has vxlan, that of the recipe one tries first. */
const rareFeature = `(?:${Object.keys(featureProbes)
  .filter((feature) => feature !== 'vxlan')
  .join('|')})`;

/** The reasons that CI may have to skip something. Every other skip fails CI, because there root runs the tests. */
const allowedReasons = [
  // The device is the business of whoever starts a container.
  /^needs \/dev\/net\/tun$/,
  // Whoever starts a container decides what it may write.
  /^needs a writable control group of processes \(pids\)$/,
  // Go must build it, which takes minutes. CONTRIBUTING.md says how.
  /^needs a flanneld: FLANNELD=PATH names one$/,
  // Neither has a package. test/recorders/README.md says how it is built.
  /^needs flannel's CNI plugin: FLANNEL_CNI=PATH names one$/,
  // It is flannel's file, so it is not part of this project.
  /^needs flannel's own recipe: go mod download /,
  // A module of the kernel. flanneld has no other wireguard.
  /^needs wireguard in the kernel, as flanneld does$/,
  // Modules of the kernel. The matrix runs these tests in a kernel that has them.
  new RegExp(`^needs ${rareFeature}(?: and ${rareFeature})* in the kernel$`),
  // A module of the kernel. The containers of the tests with Kubernetes are layers over this machine's files.
  /^needs overlayfs in the kernel$/,
  // A recipe has one data plane for kernels with a module and one for kernels without it.
  /^this kernel has \w+, which the recipe uses instead$/,
  // npm's registry may be unreachable.
  /^node-linux-\w+@\S+ is not installed/,
  // Only Go can build the programs of Kubernetes, and no package has them.
  /^kube(?:-apiserver|ctl) is not built: there is no Go toolchain$/,
  // PyPI may be unreachable.
  /(?:moto_server|tccli) is not installed: npm run setup -- --for-tests --clouds$/,
  // CI may have the files without their history.
  /^this is not a git checkout, or git is not installed$/,
  /^the history does not reach back to the commit /,
  // The unit tests run as another user; test/kernel/host/trusted-file.test.ts does this as root.
  /^only root has to fear that$/,
  // The checkout may lie below /root.
  new RegExp(`^${unreadableCheckout}$`),
];

/** The skips that fail a strict run. @param {readonly Skip[]} skips @param {{ strict: boolean }} options */
export function forbiddenSkips(skips, { strict }) {
  return strict ? skips.filter(({ reason }) => !allowedReasons.some((allowed) => allowed.test(reason))) : [];
}

/** Whether this is CI with root: a machine that can run every test. */
export function isStrict(environment = process.env, user = process.getuid?.()) {
  return environment['CI'] === 'true' && user === 0;
}
