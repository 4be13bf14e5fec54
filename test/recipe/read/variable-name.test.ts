import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { namePattern, variableName } from '../../../src/recipe/read/variable-name.ts';

const names: readonly [string, string][] = [
  ['VNI', 'VNI'],
  ['Port', 'PORT'],
  ['DirectRouting', 'DIRECT_ROUTING'],
  ['ListenPortV6', 'LISTEN_PORT_V6'],
  ['PersistentKeepaliveInterval', 'PERSISTENT_KEEPALIVE_INTERVAL'],
  ['VtepMAC', 'VTEP_MAC'],
  ['PublicKey', 'PUBLIC_KEY'],
  ['UDPEncap', 'UDP_ENCAP'],
  ['ESPProposal', 'ESP_PROPOSAL'],
  ['AccessKeyID', 'ACCESS_KEY_ID'],
  ['RouteTableID', 'ROUTE_TABLE_ID'],
  ['IPv6Network', 'IPV6_NETWORK'],
  ['PublicIPv6', 'PUBLIC_IPV6'],
  ['vtep_mac', 'VTEP_MAC'],
];
for (const [name, variable] of names) {
  test(`${name} becomes ${variable}`, () => assert.equal(variableName(name), variable));
}

test('any name becomes a variable that every shell can read, and keeps its letters', () => {
  fc.assert(
    fc.property(fc.stringMatching(namePattern), (name) => {
      const variable = variableName(name);
      assert.match(variable, /^[A-Z][A-Z0-9_]*$/);
      assert.equal(variable.replaceAll('_', ''), name.toUpperCase().replaceAll('_', ''));
    }),
  );
});

test('words of one capital and small letters are kept apart', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[A-Z][a-z]{1,8}$/), { minLength: 1, maxLength: 5 }), (words) => {
      assert.equal(variableName(words.join('')), words.map((word) => word.toUpperCase()).join('_'));
    }),
  );
});
