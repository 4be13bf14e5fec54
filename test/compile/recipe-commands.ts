import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { commandVariables } from '../../src/contract/environment.ts';
import { commandText } from '../../src/recipe/command-text.ts';
import { readScript } from '../../src/recipe/sh/read-script.ts';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { Peer } from '../../src/lease/lease.ts';
import { cidr, dualStack, ipv4Only } from '../lease/fixtures.ts';
import { blocksOf, readPage } from '../page.ts';
import type { ScriptCase } from './random-script.ts';

/** A command for peers, of a recipe of this repository. */
interface RecipeCommand {
  /** `recipes/vxlan.json SubnetAddCommand` */
  readonly title: string;
  readonly recipe: Recipe;
  readonly name: 'SubnetAddCommand' | 'SubnetRemoveCommand';
  readonly text: string;
  readonly exitsOnFailure: boolean;
}

/**
 * The commands for peers of every recipe under `recipes/`, under `test/recipes/` and in the documents.
 *
 * @param naming `prefixed`: the programs have the names {@link prefixedNames}
 */
export function recipeCommands(naming: 'prefixed' | 'own'): readonly RecipeCommand[] {
  const files = ['recipes', 'test/recipes'].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'))
      .map((name) => ({ title: `${folder}/${name}`, text: readFileSync(`${folder}/${name}`, 'utf8') })),
  );
  const pages = ['README.md', 'docs/recipes.md', 'docs/operations.md'].flatMap((path) =>
    blocksOf(readPage(path))
      .filter(({ title }) => title.endsWith('.json'))
      .map(({ text, line }) => ({ title: `${path}:${line}`, text })),
  );
  return [...files, ...pages].flatMap(({ title, text }) => {
    const checked = parseRecipe({ name: title, text }, 'overlay');
    return checked.kind === 'valid' ? commandsOf(title, checked.value, naming) : [];
  });
}

function commandsOf(title: string, recipe: Recipe, naming: 'prefixed' | 'own'): readonly RecipeCommand[] {
  return (['SubnetAddCommand', 'SubnetRemoveCommand'] as const).flatMap((name) => {
    const command = recipe.commands[name];
    if (command === undefined) return [];
    const text = naming === 'own' ? commandText(command) : withPrefix(commandText(command));
    return [{ title: `${title} ${name}`, recipe, name, text, exitsOnFailure: command.form === 'lines' }];
  });
}

/** The programs that the recipes call for their peers. */
const programNames = ['ip', 'bridge', 'arp', 'wg', 'nft'];

/** The names that the programs have in the text of a command: BusyBox's shell would run an `ip` of its own. */
export const prefixedNames = programNames.map((name) => `p-${name}`);

function withPrefix(text: string): string {
  const calls = readScript(text).calls.filter(({ name }) => programNames.includes(name ?? ''));
  return calls
    .map(({ nameSpan }) => nameSpan.offset)
    .sort((a, b) => b - a)
    .reduce((changed, at) => `${changed.slice(0, at)}p-${changed.slice(at)}`, text);
}

/** Values that the trust boundary would not let through. The commands must mean the same with them all the same. */
const hostile = fc.constantFrom(
  ...' |a b|*|[a]|-n|$(p)|`p`|\\|\'|"|~|{a,b}|#x|;p|A=b|é|\n|10.50.0.0/24 x|02:00:00:00:00:0g'.split('|'),
);

function macOf(number: number): string {
  return `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
}

/** A peer of a recipe as the environment and the standard input of its command. */
export function peerCase(
  { recipe, name, text, exitsOnFailure }: RecipeCommand,
  values: 'usual' | 'hostile',
): fc.Arbitrary<ScriptCase> {
  const facts = {
    nodeName: 'node1',
    iface: 'eth0',
    ifaceMtu: 1500,
    mtus: { ipv4: 1450, ipv6: 1430 },
    stateDirectory: '/s',
    publicIp: '192.0.2.1',
    publicIpv6: '2001:db8::1',
    parameters: recipe.parameters,
    localAddresses: { ipv4: '192.0.2.1', ipv6: '2001:db8::1' },
  };
  const own = { ipv4: cidr('10.50.7.0/24'), ipv6: cidr('fd00:50:0:7::/64') };
  const parameterValues = Object.fromEntries(
    recipe.parameters.map((parameter) => [
      parameter.name,
      'default' in parameter && parameter.default !== undefined ? parameter.default : '1',
    ]),
  );
  return fc
    .record({
      number: fc.nat(255),
      families: fc.constantFrom('ipv4', 'ipv6', 'both'),
      isOnLink: fc.boolean(),
      data: fc.constantFrom('02:00:00:00:00:07', 'PK+/abc=', '{"VNI":1}', '', 'one\ntwo', 'a b\\c'),
      change: fc.option(fc.tuple(fc.nat(100), hostile)),
      failures: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    })
    .map(({ number, families, isOnLink, data, change, failures }) => {
      const has4 = families !== 'ipv6';
      const has6 = families !== 'ipv4';
      const peer: Peer = {
        key: `${number}`,
        subnet: has4 ? `10.50.${number}.0/24` : undefined,
        ipv6Subnet: has6 ? `fd00:50:0:${number.toString(16)}::/64` : undefined,
        publicIp: has4 ? `192.0.2.${number}` : undefined,
        publicIpv6: has6 ? `2001:db8::${number.toString(16)}` : undefined,
        // Peers with the same data would wait for each other, so each usual one has its own.
        stdin: values === 'usual' ? `${macOf(number)}\n` : `${data}\n`,
        fields: {},
        link: isOnLink
          ? { devices: { ipv4: has4 ? 'eth0' : undefined, ipv6: has6 ? 'eth0' : undefined }, matters: true }
          : undefined,
      };
      const network = has6 ? dualStack : ipv4Only;
      const environment: Record<string, string> = {
        ...commandVariables(name, { ...facts, network, parameterValues }, own, peer),
      };
      for (const field of ['VTEP_MAC', 'PUBLIC_KEY', 'PORT', 'VNI']) {
        if (has4) environment[`DATA_${field}`] = `value${number}`;
        if (has6) environment[`DATA6_${field}`] = `value6${number}`;
      }
      if (change !== null && values === 'hostile') {
        const [index, value] = change;
        const names = Object.keys(environment);
        environment[names[index % names.length] ?? 'SUBNET'] = value;
      }
      return { script: text, exitsOnFailure, environment, stdin: peer.stdin, failures };
    });
}
