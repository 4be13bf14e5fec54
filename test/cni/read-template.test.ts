import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCniTemplate } from '../../src/cni/read-template.ts';
import { stampIn, stampOf } from '../../src/cni/stamp.ts';
import { bridgesOf, type CniTemplate } from '../../src/cni/template.ts';
import { positionAt } from '../../src/diagnostic/source.ts';

function refusalsOf(text: string): string[] {
  const result = readCniTemplate({ name: 'cni-conf.json', text });
  assert.ok(result.kind === 'invalid', 'the template is accepted');
  return result.diagnostics.map(({ source, span, message }) => {
    const { line, column } = positionAt(source.text, span.offset);
    return `${line}:${column} ${message}`;
  });
}

function listOf(...plugins: readonly unknown[]): string {
  return JSON.stringify({ name: 'cbr0', cniVersion: '1.0.0', plugins });
}

function read(text: string): CniTemplate {
  const result = readCniTemplate({ name: 'cni-conf.json', text });
  assert.ok(result.kind === 'valid');
  return result.value;
}

const refused: readonly (readonly [what: string, text: string, ...refusals: readonly string[]])[] = [
  ['an empty file', '', '1:1 the document is empty'],
  ['an array', '[]', '1:1 the document must be an object, not an array'],
  [
    'the configuration of one plugin',
    '{"name": "cbr0", "type": "flannel"}',
    '1:1 this is the configuration of one plugin, not a CNI list',
  ],
  ['a network configuration', '{"Network": "10.50.0.0/16"}', '1:1 the CNI list does not have plugins'],
  [
    'plugins that are an object',
    '{"name": "a",\n "plugins": {}}',
    '2:13 `plugins` must be an array, not an object',
  ],
  [
    'no plugins',
    '{"name": "a",\n "plugins": []}',
    '2:13 the CNI list does not have a plugin of the type `flannel`',
  ],
  [
    'other plugins only',
    '{"name": "a",\n "plugins": [{"type": "bridge"}, {"type": "portmap"}]}',
    '2:13 the CNI list does not have a plugin of the type `flannel`',
  ],
  [
    'another case of the type, which names another program',
    '{"name": "a",\n "plugins": [{"type": "Flannel"}]}',
    '2:13 the CNI list does not have a plugin of the type `flannel`',
  ],
  [
    'a plugin that is a text',
    '{"name": "a",\n "plugins": ["flannel"]}',
    '2:14 a plugin must be an object, not a string',
  ],
  [
    'a plugin without a type',
    '{"name": "a",\n "plugins": [{"typ": "flannel"}]}',
    '2:14 this plugin does not have a type',
  ],
  ['a type that is empty', '{"name": "a", "plugins": [{"type": ""}]}', '1:36 `type` is an empty string'],
  ['no name', '{"plugins": [{"type": "flannel"}]}', '1:1 the CNI list does not have a name'],
  [
    'a name that runtimes refuse',
    '{"name": "a/b", "plugins": [{"type": "flannel"}]}',
    '1:10 `name` is `a/b`',
  ],
  [
    'a version that is a number',
    '{"name": "a", "cniVersion": 1, "plugins": [{"type": "flannel"}]}',
    '1:29 `cniVersion` must be a string, not a number',
  ],
  [
    'a version that no plugin knows',
    '{"name": "a", "cniVersion": "9.9.9", "plugins": [{"type": "flannel"}]}',
    '1:29 `cniVersion` is `9.9.9`',
  ],
  [
    'two mistakes',
    '{"name": "a", "plugins": [{"type": "flannel", "delegate": {"name": "x",\n"ipam": {}}}]}',
    "1:60 `delegate` must not have `name`: flannel's plugin sets it, and refuses every pod otherwise",
    "2:1 `delegate` must not have `ipam`: flannel's plugin sets it, and refuses every pod otherwise",
  ],
  [
    'one key in two spellings',
    '{"name": "a", "plugins": [{"type": "flannel", "delegate": {},\n"Delegate": {}}]}',
    '2:1 `delegate` is there twice, because capital letters do not count',
  ],
  [
    'a route without a destination',
    '{"name": "a", "plugins": [{"type": "flannel", "ipam": {"routes": [\n{"gw": "10.0.0.1"}]}}]}',
    '2:1 a route must have `dst`, its destination',
  ],
  [
    'an IPv4 address in IPv6 form',
    '{"name": "a", "plugins": [{"type": "flannel", "ipam": {"routes": [\n{"dst": "::ffff:10.0.0.0/104"}]}}]}',
    '2:9 `dst` of a route is `::ffff:10.0.0.0/104`',
  ],
];

for (const [what, text, ...refusals] of refused) {
  test(`${what} is refused at its place`, () => {
    assert.deepEqual(refusalsOf(text), refusals);
  });
}

test('a syntax error is refused at its place', () => {
  assert.match(refusalsOf('{"name": "cbr0",\n "plugins": [{"type": "flannel"}],}').join(), /^2:34 a comma/);
  assert.match(refusalsOf('// flannel\n{"name": "a", "plugins": [{"type": "flannel"}]}').join(), /comments/);
});

test('the text of a template stays as it is', () => {
  const text = ` {"plugins":[{"type":"flannel"}],\n\t"name":"cbr0"}\n\n`;
  assert.equal(read(text).source.text, text);
});

test('the bridges of a template are those that the pods get', () => {
  assert.deepEqual(bridgesOf(read(listOf({ type: 'flannel' }))), [
    { name: 'cni0', mtu: undefined, isGateway: true },
  ]);
  const own = { type: 'flannel', delegate: { bridge: 'pods0', mtu: 1400 } };
  const other = { type: 'flannel', delegate: { type: 'ptp' } };
  assert.deepEqual(bridgesOf(read(listOf(own, other, { type: 'portmap' }))), [
    { name: 'pods0', mtu: 1400, isGateway: true },
  ]);
});

test('a list names the daemon that rendered it; any other text does not', () => {
  assert.equal(stampIn(JSON.stringify({ name: 'a', ...stampOf('/var/lib/heddle') })), '/var/lib/heddle');
  for (const text of ['', '{', 'null', '{}', '{"heddle": null}', '{"heddle": {"stateDirectory": 5}}', '[]'])
    assert.equal(stampIn(text), undefined, text);
});
