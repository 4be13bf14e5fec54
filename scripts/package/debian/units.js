// The units of Debian's package. Nothing here reads or writes files.

/**
 * The unit of the service: the sandbox of SECURITY.md, with the options in a file. The instance unit runs one network of several.
 * @param {string} page SECURITY.md @param {{ instance: boolean }} options
 */
export function serviceUnit(page, { instance }) {
  const sandbox = /```ini\n(\[Service\]\n[^]*?)```/.exec(page)?.[1];
  if (sandbox === undefined) throw new Error('SECURITY.md has no unit in a block ```ini');
  const own = ['[Service]', 'Type=', 'ExecStart=', 'StateDirectory=', 'RuntimeDirectory'];
  const kept = sandbox
    .split('\n')
    .filter((line) => line !== '' && !own.some((begin) => line.startsWith(begin)));
  const file = instance ? '/etc/heddle/%i.env' : '/etc/heddle/heddle.env';
  const options = instance
    ? '--state-dir /var/lib/heddle/%i --subnet-file /run/flannel/%i.env --chain-suffix %i --on-exit leave'
    : '--on-exit leave';
  return [
    '[Unit]',
    `Description=heddle${instance ? ' network %i' : ''}`,
    'Documentation=man:heddle(8)',
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Service]',
    'Type=notify',
    '# If a loop of the daemon hangs, systemd ends the daemon and starts it again.',
    'WatchdogSec=60',
    `EnvironmentFile=${file}`,
    `ExecStart=/usr/bin/heddle up ${options}`,
    'RestartSec=2',
    'TimeoutStopSec=60',
    `StateDirectory=heddle heddle/${instance ? '%i' : 'state'}`,
    'RuntimeDirectory=flannel',
    'RuntimeDirectoryPreserve=yes',
    ...kept,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}
