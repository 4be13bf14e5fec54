import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Diagnostic } from '../../src/diagnostic/diagnostic.ts';
import { examineRecipe } from '../../src/recipe-files/examine-recipe.ts';
import { lintRecipe } from '../../src/recipe/lint/lint-recipe.ts';
import { readRecipe } from '../../src/recipe/read/parse-recipe.ts';

/** A recipe about which there is nothing to say. */
const good = {
  Network: '10.50.0.0/16',
  Backend: {
    Type: 'extension',
    Overhead: 50,
    PreStartupCommand: 'cat /dev/null',
    PostStartupCommand: 'test -n "$SUBNET"',
    SubnetAddCommand: 'ip route replace "$SUBNET" via "$PUBLIC_IP"',
    SubnetRemoveCommand: 'ip route del "$SUBNET" via "$PUBLIC_IP" || true',
    ShutdownCommand: 'true',
    CheckCommand: 'ip route show',
    Timeout: 30,
    Requires: ['ip'],
  },
};

type Draft = Record<string, unknown> & { Backend: Record<string, unknown> };

/** A mistake, and what is found because of it. */
interface Fault {
  readonly code: string;
  readonly message: RegExp;
  readonly plant: (draft: Draft) => void;
}

/** Mistakes of all kinds, each at a place of its own, none of which hides another or follows from it. */
const faults: readonly Fault[] = [
  {
    code: 'unknown-key',
    message: /`Zebra`/,
    plant: (draft) => (draft['Zebra'] = 1),
  },
  {
    code: 'unknown-key',
    message: /`Giraffe!`/,
    plant: ({ Backend }) => (Backend['Giraffe!'] = 1),
  },
  {
    code: 'wrong-type',
    message: /`EnableNFTables`/,
    plant: (draft) => (draft['EnableNFTables'] = 'yes'),
  },
  {
    code: 'wrong-type',
    message: /`Backend\.Timeout`/,
    plant: ({ Backend }) => (Backend['Timeout'] = '30'),
  },
  {
    code: 'out-of-bounds',
    message: /`Backend\.Concurrency`/,
    plant: ({ Backend }) => (Backend['Concurrency'] = 0),
  },
  {
    code: 'unset-variable',
    message: /`\$SUBNET` .* PreStartupCommand/,
    plant: ({ Backend }) => (Backend['PreStartupCommand'] = 'echo "$SUBNET"'),
  },
  {
    code: 'shell-syntax',
    message: /PostStartupCommand/,
    plant: ({ Backend }) => (Backend['PostStartupCommand'] = 'if test -n "$SUBNET"; then true'),
  },
  {
    code: 'unknown-variable',
    message: /`\$NOPE`/,
    plant: ({ Backend }) => (Backend['ShutdownCommand'] = 'echo "$NOPE"'),
  },
  {
    code: 'parameter-value',
    message: /`Backend\.Parameters\.Port\.Default`/,
    plant: ({ Backend }) => (Backend['Parameters'] = { Port: { Type: 'integer', Default: 'x' } }),
  },
];

const plain = ({ code, message }: Pick<Diagnostic, 'code' | 'message'>): string => `${code}: ${message}`;

test('the recipe without a mistake has no finding', async () => {
  const findings = await examineRecipe({ name: 'good.json', text: JSON.stringify(good, null, 2) }, 'good');
  assert.deepEqual(findings.map(plain), []);
});

test('as many mistakes as are made are found, all at once, whichever they are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray([...faults], { minLength: 1 }), async (planted) => {
      const draft = structuredClone(good) as unknown as Draft;
      for (const { plant } of planted) plant(draft);
      const text = JSON.stringify(draft, null, 2);
      const found = await examineRecipe({ name: 'bad.json', text }, 'bad');
      for (const { code, message } of planted) {
        const matching = found.filter((finding) => finding.code === code && message.test(finding.message));
        assert.equal(matching.length, 1, `${code} ${String(message)}\n${found.map(plain).join('\n')}`);
      }
      assert.equal(found.length, planted.length, found.map(plain).join('\n'));
    }),
    { numRuns: 60 },
  );
});

test('a command with a syntax error is examined for its variables all the same', async () => {
  for (const [command, names] of [
    ['if true; then echo "$NOPE"', ['NOPE']],
    ['for x in 1 2; do case $x in 1) echo "$NOPE" "$OTHER"', ['NOPE', 'OTHER']],
    ['echo "$NOPE"; fi', ['NOPE']],
    ['echo "$NOPE"\nif true; then NOPE=1', []],
    ['echo "$NOPE" )\neval "$OTHER"', []],
    ['f() { echo "$NOPE"; ', ['NOPE']],
    ['echo \'$NOPE\' "$OTHER"; {', ['OTHER']],
  ] as const) {
    const draft = { ...good, Backend: { ...good.Backend, PostStartupCommand: command } };
    const found = await examineRecipe({ name: 'a.json', text: JSON.stringify(draft) }, 'a');
    const messages = found.map(plain);
    assert.equal(messages.filter((text) => text.startsWith('shell-syntax')).length, 1, command);
    const unknown = found.flatMap(({ code, message }) =>
      code === 'unknown-variable' ? (/`\$(\w+)`/.exec(message)?.[1] ?? []) : [],
    );
    assert.deepEqual(unknown, names, command);
  }
});

/** All that is found without asking the shell. */
function examine(text: string): readonly Diagnostic[] {
  const { outline, findings } = readRecipe({ name: 'a.json', text }, 'a');
  if (outline !== undefined) lintRecipe(outline, { syntaxComplaints: [], missingPrograms: [] }, findings);
  return findings.list();
}

const where = ({ code, message, span }: Diagnostic): string => `${span.offset} ${code}: ${message}`;
const isAboutJson = ({ code }: Diagnostic): boolean => code.startsWith('json-');

test('a recipe that ends too early is examined as far as it goes, and nothing is said that its end could refute', () => {
  const folders = ['../recipe/bad/', '../recipe/lint/', '../../recipes/'].map(
    (path) => new URL(path, import.meta.url),
  );
  const texts = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => readFileSync(new URL(file, folder), 'utf8')),
  );
  let examined = 0;
  for (const text of texts) {
    const whole = new Set(examine(text).map(where));
    const step = Math.max(1, Math.floor(text.length / 40));
    for (let length = 1; length < text.trimEnd().length; length += step) {
      const found = examine(text.slice(0, length));
      assert.ok(found.some(isAboutJson), 'the missing end is an error');
      const others = found.filter((finding) => !isAboutJson(finding)).map(where);
      examined += others.length;
      assert.deepEqual(
        others.filter((finding) => !whole.has(finding)),
        [],
        `the first ${length} of\n${text}`,
      );
    }
  }
  assert.ok(examined > 500, `${examined} findings`);
});

test('mistakes in the syntax do not hide what is wrong with the keys and inside the commands', async () => {
  const text = `{
  // two commas are missing, a bracket too, and this comment is one too many
  "Network": "10.50.0.0/16"
  "SubnetLen": "24",
  "Backend": {
    "Type": "extension"
    "Overhead": 50,
    'Timeout': 10,
    "Timeout": 30,
    "Requires": ["ip",
    "Zebra!": 1,
    "PreStartupCommand": "echo "$SUBNET"",
    "PostStartupCommand": "if true; then
      echo",
    "ShutdownCommand": ["echo \\"$NOPE\\"", 7],
  }
}
`;
  const found = await examineRecipe({ name: 'a.json', text }, 'a');
  assert.deepEqual(
    found.map(({ code, span }) => `${text.slice(0, span.offset).split('\n').length} ${code}`),
    [
      '2 json-comment',
      '4 json-syntax',
      '4 wrong-type',
      '7 json-syntax',
      '8 json-syntax',
      '9 duplicate-key',
      '11 json-syntax',
      '11 unknown-key',
      '12 json-syntax',
      '12 unset-variable',
      '13 json-syntax',
      '13 shell-syntax',
      '15 unknown-variable',
      '15 wrong-type',
      '15 json-trailing-comma',
    ],
  );
});

test('the mistakes before the end of an incomplete recipe are found', () => {
  const text = `{
  "Network": "10.50.0.0/16",
  "SubnetLen": "24",
  "Backend": {
    "Type": "extension",
    "Zebra!": 1,
    "PreStartupCommand": "echo $SUBNET",
    "SubnetAddComm`;
  const found = examine(text);
  assert.deepEqual(
    found.map(({ code }) => code),
    ['wrong-type', 'unknown-key', 'unset-variable', 'json-syntax'],
  );
  assert.match(found.at(-1)?.hint ?? '', /heddle has checked what stands before this$/);
});

test('a bracket whose place is not certain hides what depends on it, and heddle says so', () => {
  const text =
    '{ "Network": "10.50.0.0/16", "Backend": { "Parameters": { "Port": {}, "Type": "extension", "SubnetAddCommand": "x" } }';
  const found = examine(text);
  assert.deepEqual(
    found.map(({ code }) => code),
    ['json-syntax'],
  );
  assert.match(found[0]?.hint ?? '', /heddle has checked what does not depend on its place$/);
});

test('the values of all members with one key are checked, each at its place', async () => {
  const text = `{
  "Network": "10.50.0.0/16",
  "Backend": {
    "Type": "extension", "Overhead": 50, // no
    "SubnetAddCommand": "true",
    "SubnetAddCommand": ["echo $(", "ip route add $SUBNETT"], // no
    "SubnetRemoveCommand": "true", "SubnetRemoveCommand": 5, "SubnetRemoveCommand": "if true"
  },
  "Backend": { "Type": 7, "Timeout": 0 }
}`;
  const found = await examineRecipe({ name: 'twice.json', text }, 'twice');
  const lines = found.map(({ code, span }) => `${text.slice(0, span.offset).split('\n').length} ${code}`);
  assert.deepEqual(lines, [
    '4 json-comment',
    '6 duplicate-key',
    '6 shell-syntax',
    '6 unknown-variable',
    '6 json-comment',
    '7 duplicate-key',
    '7 wrong-type',
    '7 duplicate-key',
    '7 shell-syntax',
    '9 duplicate-key',
    '9 wrong-type',
    '9 out-of-bounds',
  ]);
});

test('a secret in the value of a repeated key is in no finding', async () => {
  const secret = 'hunter2';
  const text = JSON.stringify(good).replace(
    '"Timeout":30',
    `"Timeout":30,"Parameters":{"PSK":{"Type":"string"}},"Parameters":{"PSK":{"Type":"string","Secret":true}},"PSK":"${secret}","Timeout":0`,
  );
  const found = await examineRecipe({ name: 'secret.json', text }, 'secret');
  assert.ok(found.length >= 3, 'two repeated keys, and a value out of bounds');
  for (const { source } of found) assert.ok(!source.text.includes(secret));
});
