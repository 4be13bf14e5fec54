import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PeerProbe } from '../../../src/daemon/probe/peer-probe.ts';
import { listTargets } from '../../../src/daemon/probe/targets.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import type { Peer } from '../../../src/lease/lease.ts';
import { cidr } from '../../lease/fixtures.ts';
import { until } from '../../support/until.ts';

function makePeer(n: number, change: Partial<Peer> = {}): Peer {
  const nothing = { publicIp: undefined, publicIpv6: undefined, stdin: '\n', fields: {} };
  return { key: `10.50.${n}.0-24`, subnet: `10.50.${n}.0/24`, ipv6Subnet: undefined, ...nothing, ...change };
}

const own = { ipv4: cidr('10.50.9.0/24'), ipv6: cidr('fd00:50:0:9::/64') };
const addressesOf = (peers: readonly Peer[], ...onDevices: readonly string[]): string[] =>
  listTargets(peers, own, new Set(onDevices)).map(({ address }) => address);

describe('the address that gets a packet', () => {
  const dual = makePeer(1, { ipv6Subnet: 'fd00:50:0:1::/64' });
  test('is the network address where this node has its own on a device, for each family', () => {
    assert.deepEqual(addressesOf([dual], '10.50.9.0', 'fd00:50:0:9::'), ['10.50.1.0', 'fd00:50:0:1::']);
    assert.deepEqual(addressesOf([dual], '10.50.9.0'), ['10.50.1.0', 'fd00:50:0:1::1']);
  });
  test('is else the first address', () => {
    assert.deepEqual(addressesOf([dual, makePeer(2)], '10.50.9.1', '192.0.2.1'), [
      ...['10.50.1.1', 'fd00:50:0:1::1'],
      '10.50.2.1',
    ]);
  });
  test('is in the subnets that a peer has', () => {
    const newest = makePeer(3, { subnet: undefined, ipv6Subnet: 'fd00:50:0:3::/64' });
    assert.deepEqual(addressesOf([newest]), ['fd00:50:0:3::1']);
  });
});

class Scene {
  peers = [makePeer(1), makePeer(2), makePeer(3)];
  /** The addresses at which somebody answers. */
  readonly alive = new Set(['10.50.1.1', '10.50.2.1']);
  readonly sent: string[] = [];
  readonly events: HeddleEvent[] = [];
  readonly concerns = new Concerns(
    (event) => this.events.push(event),
    () => undefined,
    Date.now,
  );
  readonly probe: PeerProbe;
  /** The time on the clock of the scene, in milliseconds. Only the pauses of the probe move it. */
  now = 0;
  /** The time of each packet in {@link sent}. */
  readonly sentAt: number[] = [];

  constructor(send?: (address: string) => Promise<boolean>, intervalMs?: number) {
    this.probe = new PeerProbe({
      peers: () => this.peers,
      own,
      intervalMs,
      concerns: this.concerns,
      emit: (event) => this.events.push(event),
      host: {
        readAddresses: () => Promise.resolve(new Set<string>()),
        pause: (ms) => {
          this.now += ms;
          return Promise.resolve();
        },
        sendPacket: (address) => {
          this.sent.push(address);
          this.sentAt.push(this.now);
          return send === undefined ? Promise.resolve(this.alive.has(address)) : send(address);
        },
      },
    });
  }

  get results(): Record<string, string> {
    const addresses = this.probe.report?.addresses ?? [];
    return Object.fromEntries(addresses.map(({ address, result }) => [address, result]));
  }
}

describe('a probe', () => {
  test('tells who answers, who has stopped to answer, and where nobody ever did', async () => {
    const scene = new Scene();
    assert.equal(scene.probe.report, undefined);
    await scene.probe.run();
    assert.deepEqual(scene.results, {
      '10.50.1.1': 'answers',
      '10.50.2.1': 'answers',
      '10.50.3.1': 'unknown',
    });
    assert.equal(scene.concerns.all.length, 0);

    scene.alive.delete('10.50.2.1');
    await scene.probe.run();
    assert.deepEqual(scene.results, {
      '10.50.1.1': 'answers',
      '10.50.2.1': 'silent',
      '10.50.3.1': 'unknown',
    });
    assert.equal(
      scene.sent.filter((address) => address === '10.50.2.1').length,
      4,
      'one, then three in a row',
    );
    const concern = scene.concerns.all.find(({ kind }) => kind === 'peer-silent');
    assert.match(
      concern?.because ?? '',
      /^1 address answered an earlier probe, but not the last packets: 10\.50\.2\.1 of 10\.50\.2\.0\/24$/,
    );

    scene.alive.add('10.50.2.1');
    await scene.probe.run();
    assert.equal(scene.concerns.all.length, 0);
  });

  test('takes a single lost packet for nothing', async () => {
    const lossy: Scene = new Scene((address) =>
      Promise.resolve(lossy.sent.filter((sent) => sent === address).length !== 2),
    );
    await lossy.probe.run();
    await lossy.probe.run();
    assert.ok(Object.values(lossy.results).every((result) => result === 'answers'));
  });

  test('forgets a peer that is gone, and with it the concern', async () => {
    const scene = new Scene();
    await scene.probe.run();
    scene.alive.clear();
    await scene.probe.run();
    assert.equal(scene.concerns.all.length, 1);
    scene.peers = scene.peers.slice(2);
    scene.probe.forgetGone();
    assert.equal(scene.concerns.all.length, 0);
    assert.deepEqual(scene.results, { '10.50.3.1': 'unknown' });
  });

  test('does not take the answers of the peer that had an address before for those of the next', async () => {
    const scene = new Scene();
    await scene.probe.run();
    scene.peers = [makePeer(1, { key: 'another' })];
    scene.alive.clear();
    await scene.probe.run();
    assert.deepEqual(scene.results, { '10.50.1.1': 'unknown' });
  });

  test('says why it cannot send, and sends nothing more after it is stopped', async () => {
    const broken = new Scene(() => Promise.reject(new Error('ping is missing')));
    await assert.rejects(broken.probe.run(), /ping is missing/);
    const scene = new Scene();
    scene.probe.stop();
    await scene.probe.run();
    assert.deepEqual(scene.sent, []);
  });

  test('is made on the interval, also after one that failed', async (t) => {
    let rounds = 0;
    const scene = new Scene(
      () => ((rounds += 1) === 1 ? Promise.reject(new Error('no ping')) : Promise.resolve(true)),
      1,
    );
    t.after(() => scene.probe.stop());
    scene.probe.start();
    await until('a second round', () => scene.probe.report !== undefined);
    assert.match(JSON.stringify(scene.events), /no ping/);
  });
});

/** The largest number of packets within a second, over all seconds. */
function mostInOneSecond(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
}

describe('a probe sends at most 50 packets in any second', () => {
  const manyPeers = Array.from({ length: 130 }, (_, index) => makePeer(index + 1));

  test('with many peers', async () => {
    const scene = new Scene();
    scene.peers = manyPeers;
    await scene.probe.run();
    assert.equal(scene.sent.length, 130);
    assert.equal(mostInOneSecond(scene.sentAt), 50);
  });

  test('with peers in both families, in rounds that follow one another at once', async () => {
    const scene = new Scene(() => Promise.resolve(true));
    scene.peers = manyPeers.map((peer, index) => ({ ...peer, ipv6Subnet: `fd00:50:0:${index + 1}::/64` }));
    await Promise.all([scene.probe.run(), scene.probe.run(), scene.probe.run()]);
    assert.ok(scene.sent.length >= 2 * 260);
    assert.equal(mostInOneSecond(scene.sentAt), 50);
  });

  test('with three packets in a row for each peer that has stopped to answer', async () => {
    const scene = new Scene();
    scene.peers = manyPeers;
    for (const index of manyPeers.keys()) scene.alive.add(`10.50.${index + 1}.1`);
    await scene.probe.run();
    scene.alive.clear();
    await scene.probe.run();
    assert.equal(scene.sent.length, 4 * 130);
    assert.equal(mostInOneSecond(scene.sentAt), 50);
  });

  test('with few peers, round after round', async () => {
    const scene = new Scene();
    for (let round = 0; round < 20; round += 1) await scene.probe.run();
    assert.equal(scene.sent.length, 60);
    assert.equal(mostInOneSecond(scene.sentAt), 50);
  });
});
