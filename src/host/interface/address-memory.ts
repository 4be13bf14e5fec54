import { join } from 'node:path';
import * as z from 'zod/mini';
import type { PerFamily } from '../../network/per-family.ts';
import { readPlainFile } from '../files/plain-file.ts';
import { writeStateFile } from '../state/state-file.ts';
import type { Link } from './ip-output.ts';
import type { AddressMemory } from './rank-addresses.ts';

const fileSchema = z.object({
  version: z.literal(1),
  /** The options that the choice depended on, as text that is only compared. */
  options: z.string(),
  seen: z.array(z.string()),
  used: z.object({ ipv4: z.nullable(z.string()), ipv6: z.nullable(z.string()) }),
});

/** The most bytes of the note: a machine may have thousands of addresses. */
const mostBytes = 4 * 1024 * 1024;

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, '.addresses.json');
}

/** Reads the note of the last start. Undefined at a first start, or if the file cannot be understood. */
export function readAddressMemory(stateDirectory: string, options: string): AddressMemory | undefined {
  try {
    const found = fileSchema.parse(JSON.parse(readPlainFile(fileOf(stateDirectory), mostBytes)));
    const { ipv4, ipv6 } = found.options === options ? found.used : { ipv4: null, ipv6: null };
    return { seen: found.seen, used: { ipv4: ipv4 ?? undefined, ipv6: ipv6 ?? undefined } };
  } catch {
    return undefined;
  }
}

/**
 * Notes the addresses of this machine, and those that this node uses. Returns the memory for a later start. Throws Failure
 * `state-directory`.
 */
export async function writeAddressMemory(
  stateDirectory: string,
  options: string,
  links: readonly Link[],
  used: PerFamily<string>,
): Promise<AddressMemory> {
  const seen = links.flatMap(({ addresses }) => addresses.map(({ text }) => text));
  const { ipv4 = null, ipv6 = null } = used;
  const file: z.infer<typeof fileSchema> = { version: 1, options, seen, used: { ipv4, ipv6 } };
  await writeStateFile(fileOf(stateDirectory), `${JSON.stringify(file)}\n`);
  return { seen, used };
}
