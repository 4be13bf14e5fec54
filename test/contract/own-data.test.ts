import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOwnData } from '../../src/contract/own-data.ts';
import { dualStack, ipv4Only, textRules, vxlanRules } from '../lease/fixtures.ts';

const text = textRules.backendData;
const json = vxlanRules.backendData;
const v4 = '{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"}';
const v6 = '{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a9"}';

test('text is trimmed, and an empty output gives no data', () => {
  const data = readOwnData('  26:70:41:4d:fe:1b\n\n', text, ipv4Only);
  assert.deepEqual(data, { kind: 'data', data: { ipv4: '26:70:41:4d:fe:1b', ipv6: undefined } });
  assert.deepEqual(readOwnData('\n', text, ipv4Only), {
    kind: 'data',
    data: { ipv4: undefined, ipv6: undefined },
  });
});

test("json is one object a line, IPv4's first", () => {
  assert.deepEqual(readOwnData(`${v4}\n${v6}\n`, json, dualStack), {
    kind: 'data',
    data: { ipv4: JSON.parse(v4) as unknown, ipv6: JSON.parse(v6) as unknown },
  });
});

test('data that no peer would accept is refused before it is published', () => {
  for (const [printed, network, why] of [
    ['two words', ipv4Only, /does not match/],
    ['{"VNI":1}', ipv4Only, /VtepMAC/],
    ['VNI 1', ipv4Only, /is not JSON/],
    [v4, dualStack, /number of its lines is 1, not 2, one for each address family/],
    ['', ipv4Only, /backend data is missing; the recipe's Fields are VNI, VtepMAC/],
  ] as const) {
    const data = readOwnData(printed, printed === 'two words' ? text : json, network);
    if (data.kind !== 'invalid') assert.fail(`${printed} was accepted`);
    assert.match(data.because, why);
  }
});
