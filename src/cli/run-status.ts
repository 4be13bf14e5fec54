import { askDaemon } from '../daemon/control.ts';
import type { NodeStatus } from '../daemon/status.ts';
import { exitCodes, Failure } from '../diagnostic/failure.ts';

/** Prints the daemon's status; sets the exit code by its health. */
export async function runStatus(stateDirectory: string, json: boolean): Promise<void> {
  const status = (await askDaemon(stateDirectory, 'GET', '/status')) as NodeStatus | undefined;
  if (status === undefined) {
    throw new Failure('not-running', `No heddle daemon runs on the state directory ${stateDirectory}.`, {
      hint: 'Start one with heddle up, or give the directory it was started with as --state-dir.',
    });
  }
  process.stdout.write(json ? `${JSON.stringify(status)}\n` : renderStatus(status));
  if (status.state === 'degraded') process.exitCode = exitCodes.degraded;
}

/** The status as an aligned block for people. */
export function renderStatus(status: NodeStatus): string {
  const { peers, lease } = status;
  const rows: [string, string][] = [
    ['node', status.node],
    ['state', status.state],
    ['recipe', `${status.recipe.name} (type ${status.recipe.type}, ${status.recipe.file})`],
    ['network', status.network],
    [
      'lease',
      lease === null ? 'none' : `${lease.subnet} for ${lease.publicIp}, until ${lease.expiresAt ?? 'ever'}`,
    ],
    ['interface', `${status.iface}${status.mtu === null ? '' : `, overlay MTU ${status.mtu}`}`],
    [
      'peers',
      `${peers.inPlace} of ${peers.wanted} in place, ${peers.pending} pending, ${peers.failing} failing, ` +
        `${peers.rejected} rejected, ${peers.ignored} of other types`,
    ],
  ];
  return rows.map(([name, value]) => `${name.padEnd(9)}  ${value}\n`).join('');
}
