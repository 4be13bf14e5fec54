import { readFile } from 'node:fs/promises';
import { findMissingPrograms } from '../../host/programs.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';
import type { Family } from '../../network/cidr.ts';
import type { Rules } from '../facts.ts';
import { joinListings, listForwardTables } from '../firewall/nft-rules.ts';

/** The longest run of a program that shows rules, in milliseconds. */
const longestMs = 5000;

/** Reads the firewall's rules of some families. Creates no table: the legacy iptables does so when it looks at a table that is not there. */
export async function readRules(families: readonly Family[]): Promise<Rules> {
  try {
    const nft = isMissing('nft') ? undefined : await show('nft', ['-j', 'list', 'ruleset']);
    const iptables = await Promise.all(families.flatMap((family) => readFilters(family, nft)));
    return { nft, iptables: iptables.flat(), unreadable: undefined };
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return { nft: undefined, iptables: [], unreadable: error.message };
  }
}

/**
 * Reads the rules of other programs at the forward hook, and no others: the rules of a whole host may be many. Throws a
 * {@link ProgramError} if a program fails.
 */
export async function readForwardRules(families: readonly Family[]): Promise<Rules> {
  const chains = isMissing('nft') ? undefined : await show('nft', ['-j', 'list', 'chains']);
  const places = chains === undefined ? [] : listForwardTables(chains);
  const ofIptables = places.filter(({ isOfIptables }) => isOfIptables).map(({ family }) => family);
  const [iptables, nft] = await Promise.all([
    Promise.all(
      families.flatMap((family) => {
        const name = family === 4 ? 'iptables' : 'ip6tables';
        const isThere = chains === undefined || ofIptables.includes(family === 4 ? 'ip' : 'ip6');
        return [
          readLegacy(family, `${name}-legacy-save`),
          isThere ? readNewer(family, `${name}-nft-save`, undefined) : Promise.resolve([]),
        ];
      }),
    ),
    Promise.all(
      places
        .filter(({ isOfIptables }) => !isOfIptables)
        .map(({ family, table }) => show('nft', ['-j', 'list', 'table', family, table])),
    ),
  ]);
  return { nft: joinListings(nft), iptables: iptables.flat(), unreadable: undefined };
}

type FilterTable = Rules['iptables'][number];

function readFilters(family: Family, nft: string | undefined): readonly Promise<readonly FilterTable[]>[] {
  const program = family === 4 ? 'iptables' : 'ip6tables';
  return [readLegacy(family, `${program}-legacy-save`), readNewer(family, `${program}-nft-save`, nft)];
}

async function readLegacy(family: Family, program: string): Promise<readonly FilterTable[]> {
  const names = await readFile(`/proc/net/${family === 4 ? 'ip' : 'ip6'}_tables_names`, 'utf8').catch(
    () => '',
  );
  if (!names.split('\n').includes('filter') || isMissing(program)) return [];
  return [{ family, program, text: await show(program, ['-t', 'filter']) }];
}

async function readNewer(
  family: Family,
  program: string,
  nft: string | undefined,
): Promise<readonly FilterTable[]> {
  // A text search suffices: at worst the program shows an empty table.
  if (nft !== undefined && !nft.includes('"filter"')) return [];
  if (isMissing(program)) return [];
  return [{ family, program, text: await show(program, ['-t', 'filter']) }];
}

function isMissing(program: string): boolean {
  return findMissingPrograms([program]).length > 0;
}

function show(program: string, args: readonly string[]): Promise<string> {
  return runProgram(program, args, { env: { ...process.env, LC_ALL: 'C' }, timeoutMs: longestMs });
}
