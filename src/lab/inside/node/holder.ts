import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { Failure } from '../../../diagnostic/failure.ts';
import { describeFailedStart } from '../../../host/run-program.ts';
import { hostCommands } from '../../plan/commands.ts';
import type { HostPlan } from '../../plan/topology.ts';
import { traceScript } from '../../plan/traces.ts';
import { nodeStateDirectory, runDirectoryOf, sharedDirectory, nodeShare } from '../../protocol.ts';

/** The process that holds the namespaces of a host: of a node, or of the store's server. It is the first process in its PID namespace. */
export interface Holder {
  /** The id of the process in the lab's PID namespace. */
  readonly pid: number;
  /** The content of the host's network namespace before its program first ran, as `traceScript` prints it. */
  readonly tracesBefore: string;
}

/** The `$0` of the processes that hold a host's namespaces. */
export const holderMarker = 'heddle-host';

/**
 * The script that holds a host's namespaces until its stdin ends. It runs in namespaces of the host's own, where `ip netns exec` has mounted
 * a fresh sysfs on /sys: `$1` is the host, `$2` its /run, `$3` the share, `$4` where the host sees it, `$5` lines for `ip -batch`. /proc is
 * the lab's at first, so it shows the id of the shell there. In the end the shell waits, because the first process of a PID namespace has to
 * reap orphans, and `wait` reaps any.
 */
const holderScript = `
set -e
read -r pid _ </proc/self/stat
echo "# holder $pid"
mount -t proc proc /proc
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
exec 3<&0 </dev/null
while :; do
  sh -c 'read -r _; exit 0' ${holderMarker} <&3 3<&- &
  if wait "$!"; then exit 0; fi
done
`;

/** Makes a host's own PID, mount and UTS namespaces and configures its interface on the underlay. */
export async function holdHost(host: HostPlan): Promise<Holder> {
  const run = runDirectoryOf(host.name);
  await mkdir(run + nodeShare.slice('/run'.length), { recursive: true });
  await mkdir(run + nodeStateDirectory.slice('/run'.length), { mode: 0o700 });
  const lines = hostCommands(host).join('\n');
  const script = ['sh', '-c', holderScript, holderMarker, host.name, run, sharedDirectory, nodeShare, lines];
  const unshare = ['unshare', '--uts', '--pid', '--fork', '--kill-child=SIGKILL', '--'];
  const child = spawn('ip', ['netns', 'exec', host.name, ...unshare, ...script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  const said = await readUntilReady(child, host.name);
  const [, pid] = /^# holder (\d+)\n/.exec(said) ?? [];
  return { pid: Number(pid), tracesBefore: said };
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

/**
 * The command that runs another one in a host, for a terminal: nsenter waits for the other command, stops with it, and ends as it ended.
 */
export function enterHost(
  holder: Pick<Holder, 'pid'>,
  command: readonly string[],
): readonly [string, ...string[]] {
  return ['nsenter', ...intoHost(holder), '--', ...command];
}

/**
 * The command that runs another one in a host's namespaces, in the same process. So only the children of the other command are in the PID
 * namespace.
 */
export function stepIntoHost(
  holder: Pick<Holder, 'pid'>,
  command: readonly string[],
): readonly [string, ...string[]] {
  return ['nsenter', ...intoHost(holder), '--no-fork', '--', ...command];
}

/**
 * The command that runs a program of the lab in a host. A shell outside the host's PID namespace waits for the program, which is its only
 * child, and ends as the program ended. Unlike nsenter, it does not stop with the program, so it sees the program's end in any case.
 */
export function runInHost(
  holder: Pick<Holder, 'pid'>,
  command: readonly string[],
): readonly [string, ...string[]] {
  return stepIntoHost(holder, ['sh', '-c', waitingScript, 'heddle-program', ...command]);
}

/** The script of the shell that waits. A status above 128 tells the signal that ended the program. */
const waitingScript = `
"$@" &
wait "$!"
status=$?
[ "$status" -le 128 ] || kill -"$((status - 128))" "$$"
exit "$status"
`;

function intoHost({ pid }: Pick<Holder, 'pid'>): readonly string[] {
  return ['--target', String(pid), '--net', '--mount', '--uts', '--pid'];
}
