import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainCalls } from '../src/explain/explain-calls.ts';
import { blocksOf, readPage } from './page.ts';

const examples = blocksOf(readPage('docs/recipes.md')).filter(({ kind }) => kind === 'script');

const environment = {
  SUBNET: '10.50.9.0/24',
  SUBNET_IP: '10.50.9.0',
  PUBLIC_IP: '192.0.2.9',
  IFACE: 'eth0',
  VNI: '1',
  DATA_VTEP_MAC: '02:00:00:00:00:09',
};

describe('the examples of docs/recipes.md of what compiles', () => {
  for (const { title, text, line } of examples) {
    test(`line ${line}: ${title}`, () => {
      const calls = explainCalls({
        script: text,
        exitsOnFailure: true,
        environment,
        stdin: '02:00:00:00:00:09 rest\n',
      });
      const said = calls.kind === 'calls' ? 'compiles' : `shell: ${calls.because}`;
      assert.equal(said, title);
    });
  }

  test('are pairs', () => {
    assert.ok(examples.length >= 16);
    for (const [index, { title }] of examples.entries()) assert.equal(title === 'compiles', index % 2 === 1);
  });
});
