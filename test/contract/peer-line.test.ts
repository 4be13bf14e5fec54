import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Peer } from '../../src/lease/lease.ts';
import { formatPeerLine } from '../../src/contract/peer-line.ts';
import { textRules, vxlanRules } from '../lease/fixtures.ts';

const peer: Peer = {
  key: '10.50.4.0-24',
  subnet: '10.50.4.0/24',
  ipv6Subnet: undefined,
  publicIp: '172.30.0.2',
  publicIpv6: undefined,
  stdin: 'b2:4e:a5:f9:b5:a8\n',
  fields: { DATA_VNI: '1', DATA_VTEP_MAC: 'b2:4e:a5:f9:b5:a8' },
};

test('text is the last column, and what is absent is a dash', () => {
  const line = formatPeerLine('remove', peer, textRules.backendData);
  assert.equal(line, 'remove\t10.50.4.0/24\t-\t172.30.0.2\t-\tb2:4e:a5:f9:b5:a8');
  const without = formatPeerLine('add', { ...peer, stdin: '\n' }, textRules.backendData);
  assert.equal(without, 'add\t10.50.4.0/24\t-\t172.30.0.2\t-\t-');
});

test("each declared field has a column, IPv4's and then IPv6's", () => {
  const line = formatPeerLine('add', peer, vxlanRules.backendData);
  assert.equal(line, 'add\t10.50.4.0/24\t-\t172.30.0.2\t-\t1\tb2:4e:a5:f9:b5:a8\t-\t-');
});

test('data that a line cannot hold is not put into a line', () => {
  assert.equal(formatPeerLine('add', { ...peer, stdin: 'one\ntwo\n' }, textRules.backendData), undefined);
  assert.equal(formatPeerLine('add', { ...peer, stdin: 'a\tb\n' }, textRules.backendData), undefined);
  assert.equal(formatPeerLine('add', { ...peer, stdin: '-\n' }, textRules.backendData), undefined);
});
