import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { formatCount } from '../../diagnostic/words.ts';
import { countErrors } from '../../diagnostic/diagnostic.ts';
import { namesInFolder, packageFile } from '../../host/files/package-files.ts';
import { findDistrust } from '../../host/files/trusted-file.ts';
import { explainError } from '../../host/system-error.ts';
import { readRecipeText } from '../../recipe-files/recipe-text.ts';
import { findTopology, readScenario } from '../plan/scenario/read-scenario.ts';
import type { Scenario, ScenarioLab } from '../plan/scenario/scenario.ts';
import { storeHostings } from '../store/hostings.ts';
import { loadTopology, type LoadedTopology } from '../underlay/load-topology.ts';

/** The folder of the scenarios that come with heddle. */
const shippedFolder = packageFile('scenarios/');

/** A scenario and its absolute path. */
export interface LoadedScenario {
  readonly file: string;
  readonly scenario: Scenario;
  /** The topology of the lab: that of the command line, or else that of the scenario. */
  readonly topology: LoadedTopology | undefined;
}

/** The parts of a command line that decide about the lab of a scenario. */
interface GivenOptions {
  /** The settings that the command line gives. */
  readonly given: Partial<ScenarioLab>;
  readonly topology: LoadedTopology | undefined;
  /** Whether the command line names a flanneld. */
  readonly hasFlanneld: boolean;
}

/**
 * Reads a scenario and checks all of it for its lab. Makes nothing. Throws a {@link Failure} that shows every finding.
 *
 * @param nameOrPath a path, or the name of a shipped scenario
 */
export async function loadScenario(
  nameOrPath: string,
  { given, hasFlanneld, topology: givenTopology }: GivenOptions,
): Promise<LoadedScenario> {
  const shipped = shippedScenarios();
  const file = shipped.includes(nameOrPath) ? `${shippedFolder}${nameOrPath}.json` : resolve(nameOrPath);
  const text = await readText(nameOrPath, file, shipped);
  const stores = Object.fromEntries(
    storeHostings.map(({ kind, serverName, takesLeases }) => [kind.name, { serverName, takesLeases }]),
  );
  const source = { name: nameOrPath, text };
  const place = dirname(shipped.includes(nameOrPath) ? file : nameOrPath);
  const topology = givenTopology ?? (await loadNamed(findTopology(source, given), place));
  const surroundings = { given, stores, hasFlanneld, topology: topology?.model };
  const read = readScenario(source, basename(file, '.json'), surroundings);
  if (read.kind === 'valid') return { file, scenario: read.value, topology };
  const errors = formatCount(countErrors(read.diagnostics), 'error');
  throw new Failure('recipe', `the scenario ${nameOrPath} was refused: ${errors}`, {
    diagnostics: read.diagnostics,
  });
}

/** Loads the topology that a scenario names, relative to the scenario's directory. */
async function loadNamed(named: string | undefined, directory: string): Promise<LoadedTopology | undefined> {
  if (named === undefined) return undefined;
  return loadTopology(isAbsolute(named) ? named : join(directory, named));
}

/** The names of the scenarios that come with heddle, sorted. */
function shippedScenarios(): readonly string[] {
  return namesInFolder(shippedFolder)
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

async function readText(nameOrPath: string, file: string, shipped: readonly string[]): Promise<string> {
  try {
    const text = await readRecipeText(file);
    const distrust = findDistrust(file);
    if (distrust === undefined) return text;
    const { why, hint } = distrust;
    throw new Failure('recipe', `cannot run the scenario ${nameOrPath} as root: ${why}`, { hint });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('recipe', `the scenario ${nameOrPath} cannot be read: ${explainError(error)}`, {
      hint: `give the path of a scenario, or the name of a shipped one: ${shipped.join(', ')}`,
      cause: error,
    });
  }
}
