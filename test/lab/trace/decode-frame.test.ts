import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { carries, decodeFrame, layersOf, type Layer } from '../../../src/lab/trace/decode-frame.ts';
import { PcapReader } from '../../../src/lab/trace/pcap.ts';
import { cooked, ethernet, icmp, inVxlan, ipv4, ipv6, pcap, udp } from './frames.ts';

const vxlanPorts = new Set([8472]);
const mark = Array.from({ length: 16 }, (_, index) => 200 + index);
const echo = ipv4(
  { source: '10.50.1.2', destination: '10.50.2.2', protocol: 1, flags: 0x4000 },
  icmp(8, 0, 0, [1, 2, 3, 4, ...mark, ...mark]),
);
const encapsulated = ipv4(
  { source: '172.30.0.1', destination: '172.30.0.2', protocol: 17 },
  udp(40_000, 8472, inVxlan(1, ethernet('02:00:00:00:00:01', '02:00:00:00:00:02', 0x0800, echo))),
);

function decode(frame: Uint8Array): readonly Layer[] {
  const decoded = decodeFrame({ at: 0, bytes: frame }, vxlanPorts);
  assert.ok(decoded);
  return decoded.layers;
}

test('a frame of VXLAN is decoded down to the echo', () => {
  const bytes = cooked({ index: 7, type: 4, ether: 0x0800 }, encapsulated);
  const frame = decodeFrame({ at: 5, bytes }, vxlanPorts);
  assert.ok(frame);
  assert.equal(frame.interfaceIndex, 7);
  assert.equal(frame.direction, 'out');
  assert.ok(carries(frame, new Uint8Array(mark)));
  assert.deepEqual(frame.layers, [
    {
      kind: 'ip',
      family: 4,
      source: '172.30.0.1',
      destination: '172.30.0.2',
      size: 50 + echo.length,
      dontFragment: false,
      fragmentAt: undefined,
      protocol: 17,
    },
    { kind: 'udp', sourcePort: 40_000, destinationPort: 8472 },
    { kind: 'vxlan', vni: 1 },
    { kind: 'ethernet', source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' },
    {
      kind: 'ip',
      family: 4,
      source: '10.50.1.2',
      destination: '10.50.2.2',
      size: echo.length,
      dontFragment: true,
      fragmentAt: undefined,
      protocol: 1,
    },
    { kind: 'icmp', means: 'request', mtu: undefined },
  ]);
});

test('a UDP port without VXLAN is not taken for VXLAN', () => {
  const bytes = cooked({ index: 1, type: 0, ether: 0x0800 }, encapsulated);
  const frame = decodeFrame({ at: 0, bytes }, new Set([4789]));
  assert.ok(frame);
  assert.deepEqual(layersOf(frame, 'vxlan'), []);
});

test('an error of IPv4 and one of IPv6 tell the size that passes', () => {
  const ends = { source: '10.0.0.1', destination: '10.0.0.2' };
  const error = ipv4({ ...ends, protocol: 1 }, icmp(3, 4, 1400, echo));
  assert.deepEqual(decode(cooked({ index: 1, type: 0, ether: 0x0800 }, error)).at(-1), {
    kind: 'icmp',
    means: 'too-big',
    mtu: 1400,
  });
  const long = { source: 'fd00:0:0:0:0:0:0:1', destination: 'fd00:0:0:0:0:0:0:2' };
  const error6 = ipv6({ ...long, protocol: 58 }, icmp(2, 0, 1380, []));
  assert.deepEqual(decode(cooked({ index: 1, type: 0, ether: 0x86dd }, error6)).at(-1), {
    kind: 'icmp',
    means: 'too-big',
    mtu: 1380,
  });
});

test('the first fragment is decoded further, and a later one is not', () => {
  const ends = { source: '10.0.0.1', destination: '10.0.0.2', protocol: 1 };
  const first = ipv4({ ...ends, flags: 0x2000 }, icmp(8, 0, 0, []));
  assert.deepEqual(
    decode(cooked({ index: 1, type: 0, ether: 0x0800 }, first)).map(({ kind }) => kind),
    ['ip', 'icmp'],
  );
  const later = ipv4({ ...ends, flags: 3 }, icmp(8, 0, 0, []));
  const layers = decode(cooked({ index: 1, type: 0, ether: 0x0800 }, later));
  assert.deepEqual(
    layers.map((layer) => (layer.kind === 'ip' ? layer.fragmentAt : layer.kind)),
    [24],
  );
});

test('IP in IP and GRE are decoded', () => {
  const ends = { source: '172.30.0.1', destination: '172.30.0.2' };
  const inIp = ipv4({ ...ends, protocol: 4 }, echo);
  const inGre = ipv4({ ...ends, protocol: 47 }, [0x20, 0, 8, 0, 0, 0, 0, 9, ...echo]);
  const kinds = (bytes: readonly number[]): readonly string[] =>
    decode(cooked({ index: 1, type: 0, ether: 0x0800 }, bytes)).map(({ kind }) => kind);
  assert.deepEqual(kinds(inIp), ['ip', 'ip', 'icmp']);
  assert.deepEqual(kinds(inGre), ['ip', 'gre', 'ip', 'icmp']);
});

test('no bytes make the decoder fail, and it reads no more than there is', () => {
  const whole = cooked({ index: 1, type: 0, ether: 0x0800 }, encapsulated);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat({ max: whole.length }).map((length) => whole.slice(0, length)),
        fc
          .array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 })
          .map((changes) => {
            const changed = whole.slice();
            for (const [at, value] of changes) changed[at] = value;
            return changed;
          }),
      ),
      (bytes) => {
        const frame = decodeFrame({ at: 0, bytes }, vxlanPorts);
        assert.equal(frame === undefined, bytes.length < 20);
        assert.ok((frame?.layers.length ?? 0) <= 16);
      },
    ),
    { seed: 18, numRuns: 2000 },
  );
});

test('a stream is read alike in pieces of any size', () => {
  const frames = [1, 2, 3].map((index) => cooked({ index, type: 0, ether: 0x0800 }, encapsulated));
  const stream = pcap(frames);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      const reader = new PcapReader();
      const records = [];
      let at = 0;
      for (let piece = 0; at < stream.length; piece += 1) {
        const size = sizes[piece % sizes.length] ?? 1;
        records.push(...reader.push(stream.slice(at, at + size)));
        at += size;
      }
      assert.equal(reader.trouble, undefined);
      assert.deepEqual(
        records.map(({ bytes }) => bytes),
        frames,
      );
      assert.deepEqual(
        records.map(({ at: time }) => time),
        [1e9, 1e9 + 1, 1e9 + 2],
      );
    }),
    { seed: 18 },
  );
});

test('a stream of something else is refused with a reason', () => {
  const reader = new PcapReader();
  assert.deepEqual(reader.push(new TextEncoder().encode('tcpdump: permission denied, and more')), []);
  assert.match(reader.trouble ?? '', /does not begin as a capture/);
  const other = new PcapReader();
  assert.deepEqual(other.push(pcap([], 1)), []);
  assert.match(other.trouble ?? '', /link type 1/);
  const broken = new PcapReader();
  broken.push(pcap([]));
  broken.push(new Uint8Array(16).fill(0xff));
  assert.match(broken.trouble ?? '', /a packet of \d+ bytes/);
});
