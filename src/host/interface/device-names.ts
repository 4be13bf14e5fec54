import { readFileSync } from 'node:fs';

/** The names of the network devices in this process's network namespace. Undefined if the kernel does not list them. */
export function readDeviceNames(): ReadonlySet<string> | undefined {
  try {
    // Two lines of headings, then a line for each device: `flannel.1: 0 0 …`. /sys may show the devices of another namespace.
    const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
    return new Set(lines.flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? []));
  } catch {
    return undefined;
  }
}
