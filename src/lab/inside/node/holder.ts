import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { Failure } from '../../../diagnostic/failure.ts';
import { describeFailedStart } from '../../../host/run-program.ts';
import { hostCommands } from '../../plan/commands.ts';
import type { HostPlan } from '../../plan/topology.ts';
import { traceScript } from '../../plan/traces.ts';
import { nodeStateDirectory, runDirectoryOf, sharedDirectory, nodeShare } from '../../protocol.ts';

/** The process that holds the namespaces of a host: of a node, or of the store's server. */
export interface Holder {
  readonly pid: number;
  /** The content of the host's network namespace before its program first ran, as `traceScript` prints it. */
  readonly tracesBefore: string;
}

/**
 * The script that holds a host's namespaces until its stdin ends. It runs in a network and mount namespace of the host's own, where `ip
 * netns exec` has mounted a fresh sysfs on /sys: `$1` is the host, `$2` its /run, `$3` the share, `$4` where the host sees it, `$5` lines
 * for `ip -batch`.
 */
const holderScript = `
set -e
hostname "$1"
mount --bind "$3" "$2\${4#/run}"
mount --rbind "$2" /run
cd /proc/sys/net/ipv4
echo 1 > ip_forward
echo 0 > conf/all/rp_filter
echo 0 > conf/default/rp_filter
if cd /proc/sys/net/ipv6 2>/dev/null; then
  echo 1 > conf/all/forwarding
  echo 0 > conf/default/accept_dad
  for interface in conf/*; do echo 0 > "$interface/accept_dad"; done
fi
cd /
printf "%s\\n" "$5" | ip -batch -
{ ${traceScript}
}
echo "# ready"
read -r _ || exit 0
`;

/** Makes a host's own mount and UTS namespaces and configures its interface on the underlay. */
export async function holdHost(host: HostPlan): Promise<Holder> {
  const run = runDirectoryOf(host.name);
  await mkdir(run + nodeShare.slice('/run'.length), { recursive: true });
  await mkdir(run + nodeStateDirectory.slice('/run'.length), { mode: 0o700 });
  const lines = hostCommands(host).join('\n');
  const script = ['sh', '-c', holderScript, 'heddle-host', host.name, run, sharedDirectory, nodeShare, lines];
  // Neither `ip netns exec` nor `unshare` forks, so the child becomes the shell itself.
  const child = spawn('ip', ['netns', 'exec', host.name, 'unshare', '--uts', '--', ...script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  return { pid: child.pid ?? 0, tracesBefore: await readUntilReady(child, host.name) };
}

function readUntilReady(child: ChildProcess, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.endsWith('# ready\n')) resolve(stdout.slice(0, -'# ready\n'.length));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const refuse = (how: string): void => {
      const message = `${host}'s namespaces could not be set up: ${how}`;
      reject(new Failure('prerequisite', message, { detail: stderr.trimEnd() }));
    };
    child.on('error', (error) => refuse(describeFailedStart('ip', error)));
    child.on('close', (code) => refuse(`their shell exited with status ${code ?? 'none'}`));
  });
}

/** The command that runs another one in a host. Its process becomes the other command without a fork. */
export function enterHost(
  { pid }: Pick<Holder, 'pid'>,
  command: readonly string[],
): readonly [string, ...string[]] {
  return ['nsenter', '--target', String(pid), '--net', '--mount', '--uts', '--', ...command];
}
