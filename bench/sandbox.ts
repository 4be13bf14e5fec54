import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Network, mount and PID namespaces of their own with an underlay interface: everything in them goes with them. */
const prepare = `
mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys || exit 1
ip link set lo up
ip link add eth0 type veth peer name underlay
ip address add 172.16.0.1/12 dev eth0
ip address add fd00:99::1/64 dev eth0 nodad
ip link set eth0 up
ip link set underlay up
exec "$@"
`;

/** Runs one of this folder's scripts in a sandbox, with `order` as its argument. Its last line is its answer. */
export async function runInSandbox<T>(script: string, order: object): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(
    'unshare',
    [
      ...['--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
      ...['sh', '-ec', prepare, 'sandbox', process.execPath, '--import', 'tsx', path, JSON.stringify(order)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let last: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) last = line;
  if (last === undefined) throw new Error(`${script} ${JSON.stringify(order)} failed: see its message above`);
  return JSON.parse(last) as T;
}

/** What a script was given by {@link runInSandbox}. */
export function readOrder(): unknown {
  return JSON.parse(process.argv[2] ?? '{}');
}

/** Ends a script with its answer. */
export function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Runs shell text with a file as stdin and returns the wall-clock milliseconds that it took. Throws if it fails. */
export function timeShell(text: string, input = ''): number {
  writeFileSync('/run/input', input);
  const startedAt = performance.now();
  const { status, stderr } = spawnSync('sh', ['-c', `{ ${text}\n} </run/input`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`sh -c failed with ${String(status)}: ${stderr.slice(0, 500)}`);
  return performance.now() - startedAt;
}
