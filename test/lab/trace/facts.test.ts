import assert from 'node:assert/strict';
import { test } from 'node:test';
import { risenCounters } from '../../../src/lab/trace/counters.ts';
import { readFacts, wireguardPeerFor } from '../../../src/lab/trace/facts.ts';

const text = `# link
[{"ifindex":2,"ifname":"eth0","flags":["UP","NO-CARRIER"],"mtu":1500,"stats64":{"rx":{"dropped":3,"errors":0},"tx":{"dropped":1,"errors":0}}},{"odd":true}]
# wireguard
device flannel-wg 51820
peer flannel-wg KEY1 172.30.0.2:51820 10.50.0.0/16 0
peer flannel-wg KEY2 (none) 10.50.2.0/24,fd00::/64 17
# snmp
Ip: Forwarding OutNoRoutes InReceives
Ip: 1 4 99
# iptables
*nat
:POSTROUTING ACCEPT [0:0]
[7:420] -A POSTROUTING -o eth0 -j MASQUERADE
[9:420] -A POSTROUTING -o eth0 -j ACCEPT
*filter
:FORWARD DROP [5:300]
# rp_filter
/proc/sys/net/ipv4/conf/flannel.1/rp_filter:1
`;

test('the counters of losses and of rules that decide are read, and no others', () => {
  assert.deepEqual(Object.fromEntries(readFacts(text).counters), {
    'eth0 rx dropped': 3,
    'eth0 rx errors': 0,
    'eth0 tx dropped': 1,
    'eth0 tx errors': 0,
    IpOutNoRoutes: 4,
    'iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE': 7,
    'iptables -t filter -P FORWARD DROP': 5,
  });
  assert.deepEqual(
    risenCounters(readFacts(text).counters, readFacts(text.replace('1 4 99', '1 6 120')).counters),
    [{ name: 'IpOutNoRoutes', by: 2 }],
  );
});

test('a device without carrier is not up, and a device that does not fit is left out', () => {
  const { devices, reversePath } = readFacts(text);
  assert.deepEqual(
    devices.map(({ name, isUp }) => [name, isUp]),
    [['eth0', false]],
  );
  assert.equal(reversePath.get('flannel.1'), 1);
});

test('the peer with the longest matching subnet gets a packet', () => {
  const facts = readFacts(text);
  assert.equal(wireguardPeerFor(facts, 'flannel-wg', '10.50.2.9')?.key, 'KEY2');
  assert.equal(wireguardPeerFor(facts, 'flannel-wg', '10.50.3.9')?.key, 'KEY1');
  assert.equal(wireguardPeerFor(facts, 'flannel-wg', 'fd00::9')?.endpoint, undefined);
  assert.equal(wireguardPeerFor(facts, 'flannel-wg', '192.0.2.1'), undefined);
  assert.equal(wireguardPeerFor(facts, 'wg9', '10.50.2.9'), undefined);
});

test('an empty output has no facts', () => {
  const { devices, counters, wireguard } = readFacts('');
  assert.deepEqual([devices, [...counters], wireguard.peers], [[], [], []]);
});
