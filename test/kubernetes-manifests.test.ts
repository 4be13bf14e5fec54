import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { loadAll } from 'js-yaml';

import type { PrintedConfiguration } from '../src/cli/up/print-config.ts';
import { exitCodes } from '../src/diagnostic/failure.ts';
import { examineRecipe } from '../src/recipe-files/examine-recipe.ts';
import { runHeddle } from './kernel/lab-harness.ts';
import { blocksOf, readPage, rowsBelow } from './page.ts';

interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } };
}

const folder = 'deploy/kubernetes';
const text = readPage(`${folder}/base/heddle.yml`);
const objects = loadAll(text) as readonly Manifest[];
const page = readPage('docs/kubernetes.md');

function find(kind: string, name = 'heddle'): Manifest {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found !== undefined, `${kind} ${name}`);
  return found;
}

function read(path: string): string {
  return readPage(`${folder}/overlays/${path}`);
}

const networks: Readonly<
  Record<string, { readonly network: string; readonly recipe: string; readonly file: string }>
> = {
  base: {
    network: find('ConfigMap').data['net-conf.json'] ?? '',
    recipe: find('ConfigMap', 'heddle-recipes').data['vxlan.json'] ?? '',
    file: 'recipes/vxlan.json',
  },
  wireguard: {
    network: read('wireguard/net-conf.json'),
    recipe: read('wireguard/wireguard.json'),
    file: 'recipes/wireguard.json',
  },
  'custom-recipe': {
    network: read('custom-recipe/net-conf.json'),
    recipe: read('custom-recipe/overlay.json'),
    file: '',
  },
};

describe('the network of the manifests:', () => {
  for (const [name, { network, recipe, file }] of Object.entries(networks)) {
    test(`${name} has a network configuration whose type is that of its recipe, which has no findings`, async () => {
      const { Backend } = JSON.parse(network) as { readonly Backend: { readonly Type: string } };
      const { Backend: backend } = JSON.parse(recipe) as { readonly Backend: { readonly Type: string } };
      assert.equal(Backend.Type, backend.Type);
      assert.deepEqual(await examineRecipe({ name: 'recipe.json', text: recipe }, Backend.Type), []);
      if (file !== '') assert.equal(recipe, readPage(file));
    });
  }

  test('the recipe of one’s own is that of the tutorial', () => {
    const tutorial = blocksOf(readPage('docs/recipes.md')).findLast(({ title }) => title === 'overlay.json');
    assert.equal(networks['custom-recipe']?.recipe, `${tutorial?.text}\n`);
  });

  test('every overlay with a template of the CNI list has that of the base', () => {
    const template = find('ConfigMap').data['cni-conf.json'];
    assert.equal(read('wireguard/cni-conf.json'), template);
    assert.equal(read('custom-recipe/cni-conf.json'), template);
  });
});

test('heddle.yml names the image once', () => {
  const { image } = find('DaemonSet').spec.template.spec.containers[0];
  assert.equal(image, 'registry.invalid/heddle');
  assert.equal(text.split(image).length, 2);
  assert.ok(page.includes(`sed -i "s|${image}|$image|" ${folder}/base/heddle.yml`));
});

test('heddle takes the arguments and the variables of the container as options', async () => {
  const { command, args, env } = find('DaemonSet').spec.template.spec.containers[0];
  assert.deepEqual(command, ['heddle', 'up']);
  const environment = Object.fromEntries(env.map(({ name, value = 'worker-1' }) => [name, value]));
  const { exitCode, stdout, stderr } = await runHeddle(['up', ...args, '--print-config', '--json'], {
    environment,
  });
  assert.equal(exitCode, 0, stderr);
  const { options } = JSON.parse(stdout) as PrintedConfiguration;
  const fromVariables = options.filter(({ from }) => from === 'variable').map(({ source }) => source);
  assert.deepEqual(new Set(fromVariables), new Set(Object.keys(environment)));
  const given = options.filter(({ from }) => from === 'option');
  assert.deepEqual(
    given.map(({ name, value }) => `${name}=${String(value)}`),
    args,
  );
});

describe('docs/kubernetes.md', () => {
  test('names every overlay, and no other', () => {
    const named = [...page.matchAll(/^\| `overlays\/(.*?)` \|/gm)].map(([, name]) => name);
    const overlays = readdirSync(fileURLToPath(new URL(`../${folder}/overlays`, import.meta.url)));
    assert.deepEqual(named.toSorted(), overlays.toSorted());
  });

  test('names only exit codes that there are', () => {
    const codes = rowsBelow(page, 'Troubleshooting').flatMap(([symptom = '']) => {
      const code = /exit code (\d+)/.exec(symptom)?.[1];
      return code === undefined ? [] : [Number(code)];
    });
    assert.deepEqual(codes, [exitCodes.store, exitCodes.recipe, exitCodes.listen, exitCodes.prerequisite]);
  });

  const examples = blocksOf(page).flatMap(({ text: block, line }) =>
    [...block.matchAll(/^(?:(NODE_NAME)=(\S+) )?heddle up (.*)$/gm)].map(([command, , node, words = '']) => ({
      command,
      line,
      node,
      words: words.split(' '),
    })),
  );
  for (const { command, line, node = 'worker-1', words } of examples) {
    test(`has a command line that heddle takes: ${command} (line ${line})`, async () => {
      const environment = { NODE_NAME: node };
      const { exitCode, stderr } = await runHeddle(['up', ...words, '--print-config'], { environment });
      assert.deepEqual([exitCode, stderr], [0, '']);
    });
  }
});
