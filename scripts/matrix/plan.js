// Pure: which data plane of which recipe runs where, and with which rows of `heddle lab verify`.
import { allUnderlays } from './recipes.js';

/** @typedef {import('./recipes.js').MatrixRecipe} MatrixRecipe */
/** @typedef {import('./recipes.js').DataPlane} DataPlane */
/** @typedef {import('./recipes.js').Families} Families */
/** @typedef {import('./recipes.js').Underlay} Underlay */

/**
 * What the plan knows of the machine.
 * @typedef {object} Facts
 * @property {string | undefined} labProblem why no lab can run on this machine
 * @property {string | undefined} guestProblem why no Debian kernel can be booted
 * @property {(feature: string) => boolean} hasFeature of this machine's kernel
 * @property {(program: string) => boolean} hasProgram
 */

/**
 * A part of the promises of a recipe.
 * @typedef {object} Scope
 * @property {readonly Underlay[]} underlays
 * @property {readonly Families[]} families
 * @property {readonly string[]} rows the promises to try; empty for all
 */

/** @typedef {{ kind: 'here' } | { kind: 'guest' } | { kind: 'nowhere', reason: string }} Place */

/**
 * One run of `heddle lab verify`.
 * @typedef {object} Job
 * @property {MatrixRecipe} recipe
 * @property {DataPlane} dataPlane
 * @property {Place} place
 * @property {Scope} scope
 */

/** The promises that are tried in the Debian kernel, which is emulated: there, all of them would take an hour. */
const guestRows = ['connects', 'mtu', 'exact', 'repeatable', 'drift', 'clean'];

/** The promises that are tried there in the reduced matrix. */
const reducedGuestRows = ['connects', 'mtu', 'exact', 'clean'];

/**
 * Plans the matrix.
 * @param {readonly MatrixRecipe[]} recipes
 * @param {{ facts: Facts, reduced: boolean, here: boolean, only: readonly string[] }} options reduced: one lab for each data
 *   plane; here: without what would need a Debian kernel; only: the names of recipes (`wireguard`) or data planes
 *   (`wireguard/kernel`), empty for all
 * @returns {readonly Job[]}
 */
export function planMatrix(recipes, { facts, reduced, here, only }) {
  const jobs = recipes.flatMap((recipe) =>
    recipe.dataPlanes
      .filter(({ name }) => only.length === 0 || isNamed(only, recipe.name, name))
      .map((dataPlane) => {
        const place = choosePlace(dataPlane, here ? { ...facts, guestProblem: undefined } : facts);
        return { recipe, dataPlane, place, scope: chooseScope(recipe, place, reduced) };
      }),
  );
  return jobs.filter(({ place }) => !here || place.kind !== 'guest');
}

/** The names of `only` that name nothing. @param {readonly MatrixRecipe[]} recipes @param {readonly string[]} only */
export function unknownNames(recipes, only) {
  const names = recipes.flatMap(({ name, dataPlanes }) => [
    name,
    ...dataPlanes.map((each) => `${name}/${each.name}`),
  ]);
  return only.filter((name) => !names.includes(name));
}

/** @param {readonly string[]} only @param {string} recipe @param {string} dataPlane */
function isNamed(only, recipe, dataPlane) {
  return only.includes(recipe) || only.includes(`${recipe}/${dataPlane}`);
}

/** @param {DataPlane} dataPlane @param {Facts} facts @returns {Place} */
function choosePlace({ features = [], without = [], programs = [] }, facts) {
  const missing = programs.filter((program) => !facts.hasProgram(program));
  if (missing.length > 0) return { kind: 'nowhere', reason: `needs ${missing.join(' and ')} on PATH` };
  if (facts.labProblem !== undefined) return { kind: 'nowhere', reason: facts.labProblem };
  const instead = without.find((feature) => facts.hasFeature(feature));
  if (instead !== undefined)
    return { kind: 'nowhere', reason: `this kernel has ${instead}, which the recipe uses instead` };
  if (features.every((feature) => facts.hasFeature(feature))) return { kind: 'here' };
  return facts.guestProblem === undefined
    ? { kind: 'guest' }
    : { kind: 'nowhere', reason: `no Debian kernel to boot: ${facts.guestProblem}` };
}

/** @param {MatrixRecipe} recipe @param {Place} place @param {boolean} reduced @returns {Scope} */
function chooseScope({ families, oneSegment }, place, reduced) {
  const isGuest = place.kind === 'guest';
  if (!reduced) return { underlays: allUnderlays, families, rows: isGuest ? guestRows : [] };
  return {
    underlays: [oneSegment ? 'switched' : 'routed'],
    families: families.includes('dual') ? ['dual'] : families.slice(0, 1),
    rows: isGuest ? reducedGuestRows : [],
  };
}

/**
 * The words of the command that runs a job, after `heddle`.
 * @param {Job} job @param {{ readySeconds: number }} options
 */
export function commandOf({ recipe, dataPlane, scope }, { readySeconds }) {
  return [
    ...['lab', 'verify', recipe.name, '--json', '--timeout', String(readySeconds)],
    ...scope.underlays.flatMap((underlay) => ['--underlay', underlay]),
    ...scope.families.flatMap((families) => ['--families', families]),
    ...scope.rows.flatMap((row) => ['--only', row]),
    ...Object.entries(dataPlane.parameters ?? {}).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
  ];
}
