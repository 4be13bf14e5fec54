// The files by which dpkg knows the package. Nothing here reads or writes files.

/** Debian's name for each processor. @type {Readonly<Record<import('../release.js').Processor, string>>} */
export const debianProcessors = { x64: 'amd64', arm64: 'arm64' };

/** Debian's version: heddle's, and the number of the package of that version. @param {string} version */
function debianVersion(version) {
  return `${version}-1`;
}

const maintainer = 'The heddle project <heddle@heddle.invalid>';

/** The name of the package's file. @param {string} version @param {import('../release.js').Processor} processor */
export function debianFile(version, processor) {
  return `heddle_${debianVersion(version)}_${debianProcessors[processor]}.deb`;
}

/** What single recipes and parts of a lab call. Some of these start a service as soon as they are installed. */
const suggested = [
  ...[
    'containernetworking-plugins',
    'etcd-server',
    'libcharon-extra-plugins',
    'libstrongswan-standard-plugins',
  ],
  ...['net-tools', 'openssl', 'socat', 'strongswan-charon', 'strongswan-swanctl', 'tcpdump', 'wireguard-go'],
];

/**
 * @param {{ version: string, processor: import('../release.js').Processor, kibibytes: number }} package_
 * @returns {string} DEBIAN/control
 */
export function controlFile({ version, processor, kibibytes }) {
  return `Package: heddle
Version: ${debianVersion(version)}
Architecture: ${debianProcessors[processor]}
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: iproute2, libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 8)
Recommends: iptables | nftables, iputils-ping, mount, procps, systemd, wireguard-tools
Suggests: ${suggested.join(', ')}
Section: net
Priority: optional
Description: overlay networks of flannel from recipes that you can read
 heddle follows the subnet leases of a cluster, in files, in etcd or in
 Kubernetes. When a node joins, changes or leaves, it runs the shell commands
 that a JSON recipe names for that event. The included recipes build the same
 networks as flannel's backends vxlan, host-gw, wireguard, ipip and udp.
 .
 heddle takes the options and variables of flanneld. It can test a recipe
 in a lab of network namespaces on one machine (heddle lab).
`;
}

/**
 * The changelog of the package itself.
 * @param {{ version: string, date: string }} release its date as `2026-11-27`
 */
export function debianChangelog({ version, date }) {
  const time = new Date(`${date}T00:00:00Z`).toUTCString().replace('GMT', '+0000');
  return `heddle (${debianVersion(version)}) stable; urgency=medium

  * heddle ${version}: see /usr/share/doc/heddle/changelog.gz.

 -- ${maintainer}  ${time}
`;
}

/** The files that an operator changes. */
export const configurationFiles = ['/etc/heddle/heddle.env'];

/** What dpkg runs after the files are there, by the user that systemd-sysusers makes of the package's file. */
export const afterInstallation = `#!/bin/sh
set -e

if [ "$1" = configure ]; then
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers heddle.conf
    systemd-tmpfiles --create heddle.conf || true
  fi
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    # A daemon that stops leaves the network as it is, and the next one goes on with it: no packet is lost. A stopped service stays so.
    if [ -n "$2" ]; then
      systemctl try-restart heddle.service 'heddle@*.service' || true
    fi
  fi
fi
`;

/** What dpkg runs before the files go. */
export const beforeRemoval = `#!/bin/sh
set -e

if [ "$1" = remove ]; then
  if [ -d /run/systemd/system ]; then
    systemctl stop heddle.service 'heddle@*.service' || true
  fi
  for state in /var/lib/heddle/*/deployment.json; do
    [ -e "$state" ] || continue
    directory=\${state%/*}
    echo "heddle: the network of $directory stays up on this node, with its state."
    echo "heddle: to take it down, install heddle again and run: heddle down --state-dir $directory"
  done
fi
`;

/** What dpkg runs after the files are gone. */
export const afterRemoval = `#!/bin/sh
set -e

if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = purge ]; then
  rm -rf /var/lib/heddle /etc/heddle
  # The links by which systemctl enable has a service start at boot.
  rm -f /etc/systemd/system/*.wants/heddle.service /etc/systemd/system/*.wants/heddle@*.service
fi
`;

/** The user of the service. */
export const sysusers = `u heddle - "heddle network daemon" /var/lib/heddle
`;

/** The directories that the daemon and the CNI plugins share. */
export const tmpfiles = `d /run/flannel 0755 heddle heddle -
`;

/** The options of the service. */
export const environmentFile = `# The options of the service heddle, as variables: heddle up --help names them all.
# flanneld's variables (FLANNELD_*) work, too. To see what a start would do, after the first start of the service:
#   set -a; . /etc/heddle/heddle.env
#   setpriv --reuid heddle --regid heddle --init-groups --inh-caps +net_admin --ambient-caps +net_admin heddle up --dry-run

# The Type in the store's network configuration selects the recipe. heddle network set writes the configuration.

# Where the leases are. One of these. The service can write to the directory only if the user heddle owns it,
# and if ReadWritePaths=/mnt/shared/heddle is in the section [Service] of: systemctl edit heddle
#FLANNELD_ETCD_ENDPOINTS=https://10.0.0.5:2379
#HEDDLE_STORE_DIR=/mnt/shared/heddle

# The interface that reaches the other nodes. The default is that of the default route.
#FLANNELD_IFACE=eth0
`;

/** Node has zlib and more within it, as everyone who downloads Node gets it. */
export const lintianOverrides = `heddle: embedded-library *[usr/bin/heddle]
`;

/** The machine-readable file of copyrights. The licences of Node and of the packages of npm are files of their own. */
export const copyrightFile = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: heddle
Source: the checkout that the package was built from

Files: *
Copyright: the contributors of heddle
License: Apache-2.0

Files: usr/bin/heddle
Copyright: the contributors of heddle, of Node.js, and of the packages of npm
License: Apache-2.0 and others
 The executable has heddle (Apache-2.0), Node.js and packages of npm within it.
 The licences of Node.js are in /usr/share/doc/heddle/licences/node.txt.gz, and
 those of the packages in /usr/share/doc/heddle/licences/packages.txt.gz.

License: Apache-2.0
 On Debian systems, the full text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
`;
