import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { PeerJournal } from '../../../src/daemon/peers/peer-journal.ts';
import { DamagedJournal } from '../../../src/host/state/damaged-journal.ts';
import { openJournal, type Journal } from '../../../src/host/state/journal-file.ts';
import type { Peer } from '../../../src/lease/lease.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function makePeer(number: number): Peer {
  const subnet = `10.${number >> 8}.${number & 255}.0`;
  return {
    key: `${subnet}-24`,
    subnet: `${subnet}/24`,
    ipv6Subnet: undefined,
    publicIp: `172.30.${number >> 8}.${number & 255}`,
    publicIpv6: undefined,
    stdin: '{"VNI":1,"VtepMAC":"02:00:00:00:00:99"}\n',
    fields: { DATA_VNI: '1', DATA_VTEP_MAC: '02:00:00:00:00:99' },
  };
}

/** A real journal file that counts its writes. */
async function open(t: TestContext, directory: string) {
  const file = await openJournal(join(directory, 'journal'));
  t.after(() => file.close());
  const count = { writes: 0 };
  const counting: Journal = {
    path: file.path,
    read: () => file.read(),
    append: (entries) => ((count.writes += 1), file.append(entries)),
    rewrite: (entries) => ((count.writes += 1), file.rewrite(entries)),
    close: () => file.close(),
  };
  return { journal: await PeerJournal.open(counting), count };
}

const peers = Array.from({ length: 10_000 }, (_, number) => makePeer(number));

test('ten thousand peers at once are one write, and so are their removals', async (t) => {
  const directory = temporaryDirectory(t);
  const { journal, count } = await open(t, directory);
  await Promise.all(peers.map((peer) => journal.record({ add: peer })));
  assert.equal(count.writes, 1);
  await Promise.all(peers.slice(1).map(({ key }) => journal.record({ gone: key })));
  assert.equal(count.writes, 2);
  const { journal: next } = await open(t, directory);
  assert.deepEqual(next.peers, peers.slice(0, 1).map(withoutUndefined));
});

test('a peer that comes and goes for ever does not make the file grow for ever', async (t) => {
  const directory = temporaryDirectory(t);
  const { journal } = await open(t, directory);
  const [peer] = peers;
  assert.ok(peer !== undefined);
  for (let round = 0; round < 30; round += 1) {
    await Promise.all(
      Array.from({ length: 500 }, () => [
        journal.record({ add: peer }),
        journal.record({ gone: peer.key }),
      ]).flat(),
    );
  }
  const file = await openJournal(join(directory, 'journal'));
  t.after(() => file.close());
  assert.ok((await file.read()).length <= 11_000);
});

test('a record is on disk when its promise resolves, in order, even if writes overlap', async (t) => {
  const directory = temporaryDirectory(t);
  const { journal } = await open(t, directory);
  const seen: (readonly string[])[] = [];
  await Promise.all(
    peers.slice(0, 20).map(async (peer, index) => {
      for (let turn = 0; turn < index; turn += 1) await Promise.resolve();
      await journal.record({ add: peer });
      const file = await openJournal(join(directory, 'journal'));
      const entries = (await file.read()) as unknown as readonly { readonly add: Peer }[];
      await file.close();
      seen.push(entries.map(({ add }) => add.key));
      assert.ok(seen.at(-1)?.includes(peer.key));
    }),
  );
  assert.deepEqual(
    seen.at(-1),
    peers.slice(0, 20).map(({ key }) => key),
  );
});

test('lines that another program wrote are not a journal', async (t) => {
  const directory = temporaryDirectory(t);
  const file = await openJournal(join(directory, 'journal'));
  t.after(() => file.close());
  for (const line of [
    7,
    null,
    {},
    { add: 'x' },
    { add: { key: 'x' } },
    { add: { key: 'x', stdin: '', fields: null } },
  ]) {
    await file.rewrite([{ gone: 'x' }, line]);
    await assert.rejects(PeerJournal.open(file), (error) => {
      assert.ok(error instanceof DamagedJournal);
      assert.equal(
        error.message,
        `the journal ${file.path} is damaged: its line 2 is not an entry of heddle`,
      );
      return error.kind === 'state-directory';
    });
  }
});

/** A peer as it is read back: JSON has no undefined. */
function withoutUndefined(peer: Peer): unknown {
  return JSON.parse(JSON.stringify(peer));
}

test('after a write that failed, the next one brings the whole file up to date', async (t) => {
  const directory = temporaryDirectory(t);
  const file = await openJournal(join(directory, 'journal'));
  t.after(() => file.close());
  const disk = { isFull: false };
  const refuseIfFull = (write: () => Promise<void>): Promise<void> =>
    disk.isFull ? Promise.reject(new Error('no space left on device')) : write();
  const journal = await PeerJournal.open({
    path: file.path,
    read: () => file.read(),
    append: (entries) => refuseIfFull(() => file.append(entries)),
    rewrite: (entries) => refuseIfFull(() => file.rewrite(entries)),
    close: () => file.close(),
  });
  const [first, second, third, fourth] = peers.slice(0, 4);
  assert.ok(first && second && third && fourth);
  await journal.record({ add: first });
  await journal.record({ add: second });
  disk.isFull = true;
  for (let tries = 0; tries < 3; tries += 1)
    await assert.rejects(journal.record({ add: third }), /no space left/);
  await assert.rejects(journal.record({ gone: first.key }), /no space left/);
  disk.isFull = false;
  await journal.record({ add: fourth });
  const { journal: next } = await open(t, directory);
  // The add of the third peer did not run.
  assert.deepEqual(next.peers, [second, fourth].map(withoutUndefined));
});
