import assert from 'node:assert/strict';
import { listSubcommands } from './ending.ts';

/**
 * The states in which each subcommand waits, so that a signal must end it. Each row has a test in `test/cli/ending.test.ts`, or, for a lab,
 * in `test/kernel/lab-ending.test.ts`. Those tests compare the rows with the tree of subcommands: a new subcommand, or a new row, needs a
 * test.
 */
const endingTable: Readonly<Record<string, readonly string[]>> = {
  docs: ['or it has ended by itself'],
  'docker-opts': ['that writes into a FIFO which nobody reads'],
  doctor: [
    'that reads a FIFO',
    'whose program ip hangs',
    'with an etcd over TLS that never answers',
    'with an etcd over TLS that swallows packets',
    'with an etcd that is a black hole',
    'with an etcd that is a mute',
  ],
  down: [
    'that asks a daemon which is stopped',
    'that cannot give back the lease of a dead daemon, since etcd has stopped',
    'that takes the network of a dead daemon down, whose ShutdownCommand hangs',
    'that waits for a daemon whose ShutdownCommand runs',
    'that waits for another heddle down of a dead daemon',
  ],
  'iface explain': ['whose program ip hangs'],
  leases: [
    'with an API server of Kubernetes that is mute',
    'with an API server of Kubernetes that swallows connections',
    'with an etcd over TLS that never answers',
    'with an etcd over TLS that swallows packets',
    'with an etcd that is a black hole',
    'with an etcd that is a mute',
  ],
  'leases release': [
    'with an etcd over TLS that never answers',
    'with an etcd over TLS that swallows packets',
    'with an etcd that is a black hole',
    'with an etcd that is a mute',
  ],
  'leases reserve': [
    'that waits for the lock of its store',
    'with an etcd over TLS that never answers',
    'with an etcd over TLS that swallows packets',
    'with an etcd that is a black hole',
    'with an etcd that is a mute',
  ],
  'network get': [
    'with an etcd over TLS that never answers',
    'with an etcd over TLS that swallows packets',
    'with an etcd that is a black hole',
    'with an etcd that is a mute',
  ],
  'network set': [
    'that reads a FIFO',
    'with an etcd over TLS that never answers',
    'with an etcd over TLS that swallows packets',
    'with an etcd that is a black hole',
    'with an etcd that is a mute',
  ],
  'recipe check': ['that reads a FIFO'],
  'recipe explain': ['that reads a FIFO'],
  'recipe list': ['or it has ended by itself'],
  'recipe new': ['or it has ended by itself'],
  'recipe schema': ['or it has ended by itself'],
  status: [
    'that asks a daemon which is stopped',
    'that has watched a daemon which is stopped now',
    'that waits for a daemon to watch',
    'that waits for the probes of a daemon which is stopped',
    'that watches a daemon which is stopped',
  ],
  up: [
    'once it has told that etcd is away',
    'that applies a saved recipe and whose etcd has stopped, so that its new data wait',
    'that applies a saved recipe whose PreStartupCommand hangs',
    'that asks an etcd which has stopped for a saved recipe',
    'that cannot give its lease back, since its etcd has stopped',
    'that foresees a start with an API server that is mute',
    'that foresees a start with an API server that swallows connections',
    'that foresees a start with an etcd over TLS that never answers',
    'that foresees a start with an etcd over TLS that swallows packets',
    'that foresees a start with an etcd that is mute',
    'that foresees a start with an etcd that swallows connections',
    'that has applied a saved recipe whose SubnetAddCommand fails',
    'that lists the peers in an etcd that has stopped',
    'that reads a recipe from a FIFO',
    'that runs',
    'that runs and serves a page which a browser follows',
    'that runs and watches its recipe',
    'that runs while its API server has fallen silent',
    'that runs while its etcd has stopped',
    'that runs while its etcd over TLS has stopped',
    'that takes its lease from an etcd that has stopped',
    'that waits for a network configuration',
    'that waits for the lock of its state directory',
    'that waits for the lock of its store',
    'that was asked by heddle down to give its lease back, since its etcd has stopped',
    'whose control socket has a client that says nothing',
    'whose device is rebuilt by a command that hangs',
    'whose device was rebuilt and whose etcd has stopped, so that its new data wait',
    'whose log nobody reads',
    'whose peer fails',
    'whose programs ip and flock hang',
    'with an API server of Kubernetes that is mute',
    'with an API server of Kubernetes that swallows connections',
    'with an API server over TLS that never answers',
    'with an API server over TLS that swallows packets',
    'with an etcd behind a black hole',
    'with an etcd over TLS that never answers',
    'with an etcd over TLS that swallows packets',
    'with an etcd that is stopped',
  ],
  'lab capture': ['that asks a lab which is stopped', 'while it captures'],
  'lab cut': ['that asks a lab which is stopped'],
  'lab down': ['that removes a lab which is stopped'],
  'lab exec': ['that asks a lab which is stopped', 'with the command that it runs'],
  'lab impair': ['that asks a lab which is stopped'],
  'lab join': ['that asks a lab which is stopped'],
  'lab kill': ['that asks a lab which is stopped'],
  'lab logs': ['of a lab which is stopped, or it has ended by itself'],
  'lab ps': ['that asks a lab which is stopped'],
  'lab run': [
    'that reads its recipe from a FIFO',
    'that looks into its nodes for a report',
    'that reads its scenario from a FIFO',
    'while its nodes start',
    'whose etcd hangs',
    'whose lab is stopped',
    'whose nodes hang in ShutdownCommand',
    'whose scenario waits',
  ],
  'lab start': ['that asks a lab which is stopped', 'that waits for a daemon whose PreStartupCommand hangs'],
  'lab stop': ['that asks a lab which is stopped', 'that waits for a daemon whose ShutdownCommand hangs'],
  'lab trace': ['that asks a lab which is stopped'],
  'lab up': [
    'that applies a saved recipe whose SubnetAddCommand hangs',
    'that reads its recipe from a FIFO',
    'that reads its recipe from a FIFO, with --watch',
    'that serves a page',
    'that serves a page which a browser follows',
    'that serves a page which a browser follows, of a lab which is stopped',
    'that serves a page which a browser follows, whose look into a node hangs',
    'that watches its recipe',
    'while its nodes start',
    'while its nodes start, with --watch',
    'whose etcd hangs',
    'whose etcd hangs, with --watch',
    'whose lab is stopped',
    'whose lab is stopped, with --watch',
  ],
  'lab verify': ['while its nodes start'],
};

/** A state in which a subcommand waits. */
interface WaitingState {
  /** The subcommand, as `listSubcommands` has it. */
  readonly command: string;
  readonly what: string;
}

/** Fails unless the tested states are those of the table, and each subcommand of this part of heddle is in the table. */
export async function assertTable(part: 'main' | 'lab', tested: readonly WaitingState[]): Promise<void> {
  const isOfPart = (command: string): boolean => command.startsWith('lab ') === (part === 'lab');
  const commands = (await listSubcommands()).filter(isOfPart);
  const listed = Object.entries(endingTable).filter(([command]) => isOfPart(command));
  assert.deepEqual(listed.map(([command]) => command).sort(), commands.toSorted());
  const rows = listed.flatMap(([command, states]) => states.map((what) => `${command} ${what}`));
  const prefix = part === 'lab' ? 'lab ' : '';
  assert.deepEqual(tested.map(({ command, what }) => `${prefix}${command} ${what}`).sort(), rows.sort());
}
