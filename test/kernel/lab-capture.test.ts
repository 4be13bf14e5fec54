import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { decodeFrame, layersOf } from '../../src/lab/trace/decode-frame.ts';
import { PcapReader } from '../../src/lab/trace/pcap.ts';
import { startHeddle } from '../support/ending.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';
import { runHeddle } from './lab-harness.ts';

const name = `capture-${process.pid}`;
const named = ['--name', name];

async function exec(place: string, line: string): Promise<string> {
  const ended = await runHeddle(['lab', 'exec', ...named, place, '--', 'sh', '-c', line]);
  assert.equal(ended.exitCode, 0, ended.stderr);
  return ended.stdout.trim();
}

/** Sends an echo of the node to itself every tenth of a second, until the test is over. */
function ping(t: TestContext): void {
  startHeddle(t, ['lab', 'exec', ...named, 'node1', '--', 'ping', '-i', '0.1', '-c', '600', '127.0.0.1']);
}

describe('lab capture', { skip: reasonToSkip('tcpdump') }, () => {
  before(async () => {
    const up = await runHeddle(['lab', 'up', ...named, '--nodes', '1', 'host-gw']);
    assert.equal(up.exitCode, 0, up.stderr);
  });
  after(() => runHeddle(['lab', 'down', ...named]));

  test('writes to stdout nothing but a capture, with the packets that match the filter', async (t) => {
    ping(t);
    const file = join(temporaryDirectory(t), 'stdout');
    const captured = `"$0" "$@" >${file}`;
    const wrapper = ['sh', '-c', captured];
    const args = [
      'lab',
      'capture',
      ...named,
      'node1',
      '-w',
      '-',
      '--count',
      '2',
      'icmp',
      'and',
      'net',
      '127.0.0.0/8',
    ];
    const { exitCode, stderr } = await runHeddle(args, { wrapper });
    assert.equal(exitCode, 0, stderr);
    const reader = new PcapReader();
    const records = reader.push(readFileSync(file));
    assert.equal(reader.trouble, undefined);
    assert.equal(records.length, 2);
    for (const record of records) {
      const frame = decodeFrame(record, new Set());
      assert.equal(frame && layersOf(frame, 'icmp').length, 1);
    }
  });

  test('prints lines of text without -w, and ends after --seconds', async (t) => {
    ping(t);
    const args = ['lab', 'capture', ...named, 'node1', '--interface', 'lo', '--seconds', '2'];
    const { exitCode, stdout, stderr } = await runHeddle(args);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /IP 127\.0\.0\.1 > 127\.0\.0\.1: ICMP echo request/);
  });

  test('says which device or filter is wrong', async () => {
    const device = await runHeddle(['lab', 'capture', ...named, 'node1', '--interface', 'eth9']);
    assert.equal(device.exitCode, exitCodes['not-running']);
    assert.match(device.stderr, /^heddle: tcpdump cannot capture in node1: eth9: No such device exists$/m);
    const filter = await runHeddle(['lab', 'capture', ...named, 'node1', 'bogus', 'words']);
    assert.equal(filter.exitCode, exitCodes.usage);
    assert.match(filter.stderr, /^heddle: tcpdump does not understand the filter: /m);
  });

  test('takes no word of the filter for an option of tcpdump', async (t) => {
    const file = join(temporaryDirectory(t), 'never');
    const { exitCode } = await runHeddle(['lab', 'capture', ...named, 'node1', '--', '-w', file]);
    assert.equal(exitCode, exitCodes.usage);
    assert.ok(!existsSync(file));
  });

  test('says what to install without tcpdump', async () => {
    const tcpdump = await exec('underlay', 'command -v tcpdump');
    await exec('underlay', `mount --bind /dev/null ${tcpdump}`);
    try {
      const { exitCode, stderr } = await runHeddle(['lab', 'capture', ...named, 'node1']);
      assert.equal(exitCode, exitCodes.prerequisite, stderr);
      assert.match(stderr, /^heddle: tcpdump cannot be started: .*\n {2}install it: apt install tcpdump$/m);
    } finally {
      await exec('underlay', `umount ${tcpdump}`);
    }
  });

  test('ends with the lab, and says so', async (t) => {
    const other = `${name}-end`;
    const up = await runHeddle(['lab', 'up', '--name', other, '--nodes', '1', 'host-gw']);
    assert.equal(up.exitCode, 0, up.stderr);
    const ran = startHeddle(t, ['lab', 'capture', '--name', other, 'underlay']);
    await until('tcpdump to listen', () => ran.output().includes('listening on any'), ran.output);
    assert.equal((await runHeddle(['lab', 'down', '--name', other])).exitCode, 0);
    assert.equal(await ran.ended, 0);
    assert.match(ran.output(), new RegExp(`^The lab ${other} has ended, and so has the capture\\.$`, 'm'));
  });
});
