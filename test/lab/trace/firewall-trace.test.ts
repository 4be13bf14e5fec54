import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTracing } from '../../../src/lab/trace/firewall-trace.ts';

const echo = 'ip saddr 10.50.1.2 ip daddr 10.50.2.2 ip protocol icmp icmp type echo-request icmp id 5';
const lines = (...rest: readonly string[]): string =>
  rest.map((line) => `trace id 9e8835a2 ${line}\n`).join('');
const own = `inet heddle-trace prerouting packet: iif "cbr0" ${echo} `;
const isEcho = (packet: string): boolean => packet.includes('echo-request');

test('the rule that drops a packet is named, with the command that shows its chain', () => {
  const text = lines(
    own,
    'inet heddle-trace prerouting rule meta l4proto != tcp meta nftrace set 1 (verdict continue)',
    'inet foreign forward rule ip saddr 10.0.0.0/8 counter packets 3 bytes 252 drop (verdict drop)',
  );
  assert.deepEqual(readTracing('node1', text, isEcho), [
    {
      place: 'node1',
      verdict: 'drop',
      rule: 'table inet foreign, chain forward: ip saddr 10.0.0.0/8 drop',
      shows: 'nft -a list chain inet foreign forward',
    },
  ]);
});

test('a policy that drops, and a chain of iptables, are named', () => {
  const text = lines(own, 'ip filter FORWARD policy drop ');
  assert.deepEqual(readTracing('node1', text, isEcho), [
    {
      place: 'node1',
      verdict: 'drop',
      rule: 'table ip filter, chain FORWARD: its policy',
      shows: 'iptables -t filter -vnL FORWARD --line-numbers',
    },
  ]);
});

test('a rule that translates a packet is named, and one that only accepts it is not', () => {
  const text = lines(
    own,
    'ip nat POSTROUTING rule oifname "flannel.1" masquerade (verdict accept)',
    'inet filter forward rule accept (verdict accept)',
    'inet filter forward policy accept ',
  );
  assert.deepEqual(
    readTracing('node1', text, isEcho).map(({ verdict, rule }) => [verdict, rule]),
    [['translate', 'table ip nat, chain POSTROUTING: oifname "flannel.1" masquerade']],
  );
});

test('drops of other packets do not count', () => {
  const text = lines(
    'inet heddle-trace prerouting packet: iif "eth0" ip saddr 192.0.2.1 ip protocol udp udp dport 53 ',
    'inet foreign input rule udp dport 53 drop (verdict drop)',
  );
  assert.deepEqual(readTracing('node1', text, isEcho), []);
});
