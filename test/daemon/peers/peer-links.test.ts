import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerLinks } from '../../../src/daemon/peers/peer-links.ts';
import { LinkRoutes } from '../../../src/network/link-routes.ts';
import { cidr } from '../../lease/fixtures.ts';
import { makeNumberedPeer } from '../network/network-bench.ts';

const onEth0 = [{ destination: cidr('172.30.0.0/24'), device: 'eth0', metric: 0 }];

test('a peer has no link before the first look, and then that of the last one', async () => {
  let routes = new LinkRoutes(onEth0);
  const links = new PeerLinks(
    () => true,
    () => Promise.resolve(routes),
  );
  assert.equal(links.place(makeNumberedPeer(4)).link, undefined);
  await links.look();
  const { link } = links.place(makeNumberedPeer(4));
  assert.deepEqual(link, { devices: { ipv4: 'eth0', ipv6: undefined }, matters: true });
  assert.equal(links.place(makeNumberedPeer(5)).link, link, 'peers on one link share an object');
  routes = new LinkRoutes([]);
  await links.look();
  assert.equal(links.place(makeNumberedPeer(4)).link?.devices.ipv4, undefined);
});

test('a few peers of one form are asked whether the link matters, and answer for all', async () => {
  let asked = 0;
  const links = new PeerLinks(
    () => {
      asked += 1;
      return false;
    },
    () => Promise.resolve(new LinkRoutes(onEth0)),
  );
  await links.look();
  const placed = Array.from({ length: 200 }, (_, index) => links.place(makeNumberedPeer(index + 4)));
  assert.ok(placed.every(({ link }) => link?.matters === false));
  assert.ok(asked > 0 && asked < 10);
});
