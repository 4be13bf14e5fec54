import { Option } from 'commander';
import type { LabRequest } from '../../lab/prepare.ts';

/** The option for the file that describes a lab's underlay. */
export function topologyOption(): Option {
  return new Option(
    '--topology <file>',
    'a file with the segments, nodes, routers and links, or the name of an example (docs/lab.md)',
  );
}

/** Reads the file of the option, if it is given. Throws a Failure. */
export async function readTopologyOption(file: string | undefined): Promise<LabRequest['topology']> {
  if (file === undefined) return undefined;
  const { loadTopology } = await import('../../lab/underlay/load-topology.ts');
  return loadTopology(file);
}
