import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A network, mount and PID namespace of its own with an underlay interface: everything in it goes with it. */
const prepare = `
mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys || exit 1
ip link set lo up
ip link add eth0 type veth peer name underlay
ip address add 172.16.0.1/12 dev eth0
ip link set eth0 up
ip link set underlay up
exec "$@"
`;

/** Runs one of this folder's scripts in a sandbox; it prints one JSON object as its last line. */
export async function runInSandbox<T>(script: string, ...args: readonly string[]): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(
    'unshare',
    [
      ...['--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
      ...['sh', '-ec', prepare, 'sandbox', process.execPath, '--import', 'tsx', path, ...args],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) last = line;
  return JSON.parse(last) as T;
}

/** Runs shell text and returns the wall-clock milliseconds that it took. Throws if it fails. */
export function timeShell(text: string, input = ''): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync('sh', ['-c', text], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`sh -c failed with ${String(status)}: ${stderr.slice(0, 500)}`);
  return performance.now() - startedAt;
}
