// npm run bench: heddle beside the same work without it, on a real kernel, in namespaces of its own. Needs root.
import { accessSync, constants, statSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchReport } from './goals.ts';
import { measure, measureEngine, measureHelp } from './measure.ts';
import type { Measurement, MeasurePlan } from './measure.ts';
import { benchFamilies, mostPeers } from './peers.ts';
import type { BenchFamily, RecipeName } from './peers.ts';
import { renderBench } from './table.ts';

const recipes: readonly RecipeName[] = ['extension', 'vxlan', 'host-gw', 'wireguard'];
const usage = `usage: npm run bench -- [--sizes 100,1000,10000,50000] [--recipes ${recipes.join(',')}] [--family ${benchFamilies.join(',')}] [--repeat 3] [--json]
FLANNELD=PATH names a flanneld, which then brings up vxlan from the same etcd.`;

/** Of more, one run says enough; of a serial loop, which takes six seconds for a thousand, sooner. */
const mostRepeated = 10_000;
const mostRepeatedSerially = 1000;
/** flanneld takes a minute and more for fifty thousand. */
const mostForFlanneld = 10_000;
const changesAt = 10_000;
const changes = 300;

const progress = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

const { sizes, chosen, families, repeat, json, flanneld } = readArguments();
const measurements: Measurement[] = [];
for (const recipe of chosen) {
  // flannel's own recipe has IPv4 only.
  for (const family of recipe === 'extension' ? families.filter((each) => each === 'ipv4') : families) {
    for (const size of sizes) {
      progress(`${recipe}, ${family}, ${size.toLocaleString('en')} peers`);
      measurements.push(await measure(planFor(recipe, family, size)));
    }
  }
}
progress('the engine by itself, and the start');
const report: BenchReport = {
  machine: describeMachine(),
  measurements,
  engine: await measureEngine(100_000),
  helpMs: await measureHelp(),
};
process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${renderBench(report)}\n`);

function planFor(recipe: RecipeName, family: BenchFamily, size: number): MeasurePlan {
  const isCompared = recipe === 'vxlan' && family === 'ipv4' && size <= mostForFlanneld;
  return {
    recipe,
    family,
    size,
    repeat: size > (recipe === 'extension' ? mostRepeatedSerially : mostRepeated) ? 1 : repeat,
    flanneld: isCompared ? flanneld : undefined,
    changes: size === changesAt ? changes : 0,
  };
}

function readArguments(): {
  readonly sizes: readonly number[];
  readonly chosen: readonly RecipeName[];
  readonly families: readonly BenchFamily[];
  readonly repeat: number;
  readonly json: boolean;
  readonly flanneld: string | undefined;
} {
  try {
    const { values } = parseArgs({
      options: {
        sizes: { type: 'string', default: '100,1000,10000,50000' },
        recipes: { type: 'string', default: recipes.join(',') },
        family: { type: 'string', default: 'ipv4' },
        repeat: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      sizes: values.sizes.split(',').map((text) => readCount(text, mostPeers - changes)),
      chosen: values.recipes.split(',').map(readRecipe),
      families: values.family.split(',').map(readFamily),
      repeat: readCount(values.repeat, 100),
      json: values.json,
      flanneld: readFlanneld(process.env['FLANNELD']),
    };
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}

/** The program's path, for any working directory. */
function readFlanneld(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const path = resolve(given);
  try {
    accessSync(path, constants.X_OK);
    if (statSync(path).isFile()) return path;
  } catch (error) {
    throw new Error(
      `FLANNELD=${given} cannot be run: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`,
      {
        cause: error,
      },
    );
  }
  throw new Error(`FLANNELD=${given} is not a program`);
}

function readCount(text: string, most: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new Error(`${text} is not a number from 1 to ${most}`);
  }
  return count;
}

function readRecipe(name: string): RecipeName {
  const recipe = recipes.find((each) => each === name);
  if (recipe === undefined) throw new Error(`there is no recipe ${name}, only ${recipes.join(', ')}`);
  return recipe;
}

function readFamily(name: string): BenchFamily {
  const family = benchFamilies.find((each) => each === name);
  if (family === undefined)
    throw new Error(`the bench does not have the family ${name}; it has ${benchFamilies.join(', ')}`);
  return family;
}

function describeMachine(): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory}, Linux ${release()}, Node ${process.versions.node}`;
}
