import { Option, type Command } from 'commander';
import { daemonKinds, type DaemonKind } from '../../lab/plan/request.ts';
import type { FaultVerb } from '../../lab/protocol.ts';
import { nameOption, type NamedOptions } from './options.ts';

const faults: Readonly<Record<FaultVerb, { readonly summary: string; readonly description: string }>> = {
  stop: {
    summary: "stop a node's daemon, or the store's server, with SIGTERM and wait for its end",
    description: "Stops a node's daemon, or the store's server, with SIGTERM, and waits until it has ended.",
  },
  kill: {
    summary: "kill a node's daemon, or the store's server, with SIGKILL",
    description: "Kills a node's daemon, or the store's server, with SIGKILL. Its kernel entries stay.",
  },
  start: {
    summary: "start a node's daemon, or the store's server, again and wait until it is ready",
    description:
      "Starts a node's daemon, or the store's server, again after it has ended, and waits until it is ready.",
  },
  cut: {
    summary: 'disconnect a node, or the store, from the underlay',
    description:
      'Disconnects a node, or the store, from the underlay: takes its link down, as if its cable were pulled.',
  },
  join: {
    summary: 'connect a node, or the store, to the underlay again',
    description: 'Connects a node, or the store, to the underlay again: brings its link up.',
  },
};

interface FaultOptions extends NamedOptions {
  /** Of `start`. */
  readonly with?: DaemonKind;
}

/** Adds the verbs that stop, start and disconnect a node or the server of the store. */
export function registerFaults(lab: Command): void {
  for (const [verb, { summary, description }] of Object.entries(faults)) {
    const command = lab
      .command(verb)
      .summary(summary)
      .description(description)
      .addOption(nameOption())
      .argument('<node>', 'node1 … nodeN, etcd, or apiserver');
    if (verb === 'start') {
      const what = 'start this daemon on a node (default: the same one as before)';
      command.addOption(new Option('--with <program>', what).choices(daemonKinds));
    }
    command.action(async (node: string, options: FaultOptions) => {
      const [{ findLab }, { askFor }] = await Promise.all([
        import('../../lab/process/find.ts'),
        import('../../lab/process/control-client.ts'),
      ]);
      const request = { request: verb as FaultVerb, node, with: options.with };
      process.stdout.write(`${await askFor(findLab(options.name), request)}\n`);
    });
  }
}
