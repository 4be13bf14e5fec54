// npm run bench: heddle beside the same work without it, on a real kernel, in namespaces of its own. Needs root.
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { BenchReport } from './goals.ts';
import { measure, measureEngine, measureHelp } from './measure.ts';
import type { Measurement, MeasurePlan } from './measure.ts';
import { mostPeers } from './peers.ts';
import type { RecipeName } from './peers.ts';
import { renderBench } from './table.ts';

const recipes: readonly RecipeName[] = ['extension', 'vxlan', 'host-gw', 'wireguard'];
const usage = `usage: npm run bench -- [--sizes 100,1000,10000,50000] [--recipes ${recipes.join(',')}] [--repeat 3] [--json]
FLANNELD=PATH names a flanneld, which then brings up vxlan from the same etcd.`;

/** Of more, one run says enough; of a serial loop, which takes six seconds for a thousand, sooner. */
const mostRepeated = 10_000;
const mostRepeatedSerially = 1000;
/** flanneld takes a minute and more for fifty thousand. */
const mostForFlanneld = 10_000;
const changesAt = 10_000;
const changes = 300;

const progress = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

const { sizes, chosen, repeat, json } = readArguments();
const measurements: Measurement[] = [];
for (const recipe of chosen) {
  for (const size of sizes) {
    progress(`${recipe}, ${size.toLocaleString('en')} peers`);
    measurements.push(await measure(planFor(recipe, size)));
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

function planFor(recipe: RecipeName, size: number): MeasurePlan {
  return {
    recipe,
    size,
    repeat: size > (recipe === 'extension' ? mostRepeatedSerially : mostRepeated) ? 1 : repeat,
    flanneld: recipe === 'vxlan' && size <= mostForFlanneld ? process.env['FLANNELD'] : undefined,
    changes: size === changesAt ? changes : 0,
  };
}

function readArguments(): {
  readonly sizes: readonly number[];
  readonly chosen: readonly RecipeName[];
  readonly repeat: number;
  readonly json: boolean;
} {
  try {
    const { values } = parseArgs({
      options: {
        sizes: { type: 'string', default: '100,1000,10000,50000' },
        recipes: { type: 'string', default: recipes.join(',') },
        repeat: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      sizes: values.sizes.split(',').map((text) => readCount(text, mostPeers - changes)),
      chosen: values.recipes.split(',').map(readRecipe),
      repeat: readCount(values.repeat, 100),
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
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

function describeMachine(): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory}, Linux ${release()}, Node ${process.versions.node}`;
}
