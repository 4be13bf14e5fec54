import type { Command } from 'commander';
import { wholeNumber } from '../arguments/options.ts';
import { nameOption, type NamedOptions } from './options.ts';

interface CaptureCommandOptions extends NamedOptions {
  readonly interface: string;
  readonly write?: string;
  readonly count?: number;
  readonly seconds?: number;
}

/** Adds `heddle lab capture`. */
export function registerCapture(lab: Command): void {
  lab
    .command('capture')
    .summary('capture the packets of a node, its pod, or the underlay')
    .description(
      'Captures the packets of a node, its pod (node1-pod), the host of the store, or the underlay with tcpdump. With -w, it writes a pcap file, or with -w - a live capture for Wireshark; otherwise a line of text for each packet. It ends with a limit, with a signal, and with the lab.',
    )
    .addOption(nameOption())
    .argument('<node>', 'node1 … nodeN, node1-pod … nodeN-pod, etcd, apiserver, or underlay')
    .argument('[filter...]', 'capture only packets that match this filter, such as udp port 8472')
    .option('--interface <device>', 'capture on this device only', 'any')
    .option('-w, --write <file>', 'write a pcap file; - writes to stdout')
    .option('--count <n>', 'end after this many packets', wholeNumber(1, 1_000_000_000))
    .option('--seconds <n>', 'end after this time', wholeNumber(1, 31_536_000))
    .action(async (place: string, filter: readonly string[], options: CaptureCommandOptions) => {
      const { captureInLab } = await import('../../lab/capture.ts');
      const { interface: device, write: file, count, seconds } = options;
      await captureInLab(options.name, { place, device, file, count, seconds, filter });
    });
}
