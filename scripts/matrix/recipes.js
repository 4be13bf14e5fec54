import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../test/root.js';

/**
 * A way in which a recipe moves packets, and what that needs.
 * @typedef {object} DataPlane
 * @property {string} name
 * @property {Record<string, string>} [parameters] the recipe's parameters that select this way
 * @property {readonly string[]} [features] what the kernel must have: the keys of featureProbes in features.js
 * @property {readonly string[]} [without] what the kernel must not have, because the recipe would use it instead
 * @property {readonly string[]} [programs] what must be on PATH
 * @property {readonly string[]} [modules] the modules that a kernel does not load by itself when they are needed
 * @property {string} [tests] the test file in test/kernel that needs these features, so that the guest runs it
 */

/**
 * A recipe of the matrix.
 * @typedef {object} MatrixRecipe
 * @property {string} name
 * @property {readonly Families[]} families
 * @property {boolean} connects whether pods reach each other
 * @property {boolean} oneSegment whether all nodes must be on one segment
 * @property {readonly DataPlane[]} dataPlanes
 */

/** @typedef {'IPv4' | 'IPv6' | 'dual'} Families */
/** @typedef {'switched' | 'routed'} Underlay */

/** @type {readonly Families[]} */
const allFamilies = ['IPv4', 'IPv6', 'dual'];
/** @type {readonly Underlay[]} */
export const allUnderlays = ['switched', 'routed'];

/** The recipes that need a cloud, which no lab has: the tests in test/kernel/cloud have servers in place of clouds. */
const cloudRecipes = ['aws-vpc', 'gce', 'ali-vpc', 'tencent-vpc'];

/** A recipe without an entry has all families, and runs on any kernel. @type {Record<string, Partial<MatrixRecipe>>} */
const knownRecipes = {
  vxlan: { dataPlanes: [{ name: 'kernel', features: ['vxlan'] }] },
  'host-gw': { oneSegment: true },
  alloc: { connects: false },
  geneve: { dataPlanes: [{ name: 'kernel', features: ['geneve'], tests: 'recipe-geneve' }] },
  gre: { dataPlanes: [{ name: 'kernel', features: ['gre', 'ip6gre'], tests: 'recipe-gre' }] },
  ipip: { families: ['IPv4'], dataPlanes: [{ name: 'kernel', features: ['ipip'], tests: 'recipe-ipip' }] },
  udp: {
    families: ['IPv4'],
    dataPlanes: [
      { name: 'fou', features: ['fou', 'ipip'], modules: ['fou'], tests: 'recipe-udp-fou' },
      { name: 'socat', without: ['fou'], features: ['tun'], programs: ['socat'] },
    ],
  },
  ipsec: {
    dataPlanes: [
      { name: 'kernel', features: ['esp', 'xfrm'], programs: ['swanctl'], tests: 'recipe-ipsec-esp' },
      { name: 'libipsec', without: ['esp'], features: ['tun'], programs: ['swanctl'] },
    ],
  },
  wireguard: {
    dataPlanes: [
      {
        name: 'kernel',
        features: ['wireguard'],
        programs: ['wg'],
        tests: 'recipe-wireguard-parameters',
      },
      { name: 'wireguard-go', without: ['wireguard'], programs: ['wg', 'wireguard-go'] },
    ],
  },
};

/** The included recipes that a lab can run, by name. @returns {readonly MatrixRecipe[]} */
export function matrixRecipes() {
  return readdirSync(join(root, 'recipes'))
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter((name) => !cloudRecipes.includes(name))
    .map((name) => ({
      name,
      families: allFamilies,
      connects: true,
      oneSegment: false,
      dataPlanes: [{ name: 'kernel' }],
      ...knownRecipes[name],
    }));
}
