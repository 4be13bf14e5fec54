import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { cniListPart } from '../../../../src/daemon/network/parts/cni-list.ts';
import type { LiveNetwork, Look, PartTrouble } from '../../../../src/daemon/network/parts/part.ts';
import type { UpOptions } from '../../../../src/daemon/setup/options.ts';
import { findListObstacle, installList } from '../../../../src/host/cni/list-file.ts';
import { setUmask } from '../../../support/umask.ts';
import { Bench } from '../../bench.ts';
import { standNetwork } from '../network-bench.ts';

const { signal } = new AbortController();
/** The list says nothing about the kernel. */
const look: Look = { see: () => Promise.reject(new Error('nobody has to look')) };

const template = `{ "name": "cbr0",
  "plugins": [ {"type":"flannel", "delegate": {"bridge": "heddle-test0"}}, {"type": "portmap"} ] }\n`;
const stranger = '{"name": "other", "plugins": [{"type": "bridge"}]}\n';

class ListBench extends Bench {
  readonly net = join(this.directory, 'net.d');
  readonly path = join(this.net, '10-heddle.conflist');
  readonly templateFile = join(this.directory, 'cni-conf.json');

  constructor(t: TestContext) {
    super(t);
    this.recipe();
    mkdirSync(this.net);
    mkdirSync(this.stateDirectory, { recursive: true });
    writeFileSync(this.templateFile, template);
  }

  wish(render: boolean, directory = this.net): Pick<UpOptions, 'cniList'> {
    return { cniList: { directory, templateFile: this.templateFile, render } };
  }

  /** The warnings about the list itself. */
  get listWarnings(): readonly string[] {
    return this.warnings.filter((text) => text.startsWith('the CNI list '));
  }

  get text(): string {
    return readFileSync(this.path, 'utf8');
  }
}

async function start(
  t: TestContext,
  { render = false } = {},
): Promise<{ bench: ListBench; network: LiveNetwork }> {
  const bench = new ListBench(t);
  return { bench, network: await standNetwork(t, bench, bench.wish(render)) };
}

/** Looks at the list and allows a repair. Returns the outcome and the trouble that was told. */
async function ensure(network: LiveNetwork): Promise<string> {
  const told: string[] = [];
  const mayRepair = ({ because }: PartTrouble): boolean => told.push(because) > 0;
  const outcome = await cniListPart.ensure(network, look, mayRepair, signal);
  return [outcome.kind, ...(outcome.kind === 'broken' ? [outcome.trouble.because] : told)].join(': ');
}

function memoryOf(network: LiveNetwork) {
  return cniListPart.remember(network.options);
}

test('the template is installed byte for byte, readable by all whatever the umask', async (t) => {
  setUmask(t, 0o077);
  const { bench, network } = await start(t);
  await cniListPart.up(network, signal);
  assert.equal(bench.text, template);
  assert.equal(statSync(bench.path).mode & 0o7777, 0o644);
  assert.deepEqual(readdirSync(bench.net), ['10-heddle.conflist']);
  assert.equal(await ensure(network), 'whole');
  await cniListPart.down(network, memoryOf(network));
  assert.deepEqual(readdirSync(bench.net), []);
  assert.equal(existsSync(join(bench.stateDirectory, 'cni-list.json')), false);
});

test('a rendered list has the subnet and the MTU, and follows the MTU', async (t) => {
  const { bench, network } = await start(t, { render: true });
  await cniListPart.up(network, signal);
  const [bridge, portmap] = (
    JSON.parse(bench.text) as { readonly plugins: readonly Record<string, unknown>[] }
  ).plugins;
  assert.deepEqual(portmap, { type: 'portmap' });
  assert.deepEqual([bridge?.['type'], bridge?.['bridge'], bridge?.['mtu']], ['bridge', 'heddle-test0', 1450]);
  assert.match(bench.text, /"subnet": "10\.50\.1\.0\/24"/);
  assert.equal(await ensure(network), 'whole');
  network.commands.learn({ mtus: { ipv4: 1300, ipv6: undefined } });
  assert.equal(
    await ensure(network),
    `repaired: ${bench.path} has the subnet or the MTU from before a change`,
  );
  assert.match(bench.text, /"mtu": 1300/);
  assert.equal(await ensure(network), 'whole');
});

for (const render of [false, true]) {
  const kind = render ? 'rendered' : 'copied';
  for (const [what, harm, because] of [
    ['removed', (path: string) => rmSync(path), 'is missing'],
    ['emptied', (path: string) => writeFileSync(path, ''), 'was changed by somebody else'],
    ['changed in its place', (path: string) => writeFileSync(path, stranger), 'was changed by somebody else'],
    ['made unreadable', (path: string) => chmodSync(path, 0o600), 'has the mode 600'],
  ] as const) {
    test(`a ${kind} list that was ${what} is written again, if that may be`, async (t) => {
      const { bench, network } = await start(t, { render });
      await cniListPart.up(network, signal);
      const before = bench.text;
      harm(bench.path);
      const left = await cniListPart.ensure(network, look, () => false, signal);
      assert.deepEqual(left, {
        kind: 'broken',
        trouble: { because: `${bench.path} ${because}`, detail: '' },
      });
      assert.equal(await ensure(network), `repaired: ${bench.path} ${because}`);
      assert.equal(bench.text, before);
      assert.equal(await ensure(network), 'whole');
    });
  }

  test(`a ${kind} list that somebody replaces stays away, and so does the new one stay`, async (t) => {
    const { bench, network } = await start(t, { render });
    await cniListPart.up(network, signal);
    writeFileSync(join(bench.net, 'new'), stranger);
    renameSync(join(bench.net, 'new'), bench.path);
    const refusal = `${bench.path} stays as it is, because heddle did not write it: move it away, or give another directory with --cni-conf-dir`;
    assert.equal(await ensure(network), `broken: ${refusal}`);
    await cniListPart.down(network, memoryOf(network));
    assert.equal(bench.text, stranger);
    assert.deepEqual(bench.listWarnings, [`the CNI list ${bench.path} stays: heddle did not write it`]);
    await assert.rejects(cniListPart.up(network, signal), { message: refusal });
    rmSync(bench.path);
    assert.equal(await ensure(network), `repaired: ${bench.path} is missing`);
  });

  test(`a ${kind} list is known without the state directory`, async (t) => {
    const { bench, network } = await start(t, { render });
    await cniListPart.up(network, signal);
    rmSync(join(bench.stateDirectory, 'cni-list.json'));
    assert.equal(await ensure(network), 'whole');
    assert.ok(existsSync(join(bench.stateDirectory, 'cni-list.json')), 'it is noted again');
    rmSync(join(bench.stateDirectory, 'cni-list.json'));
    await cniListPart.up(network, signal);
    await cniListPart.down(network, memoryOf(network));
    assert.deepEqual([readdirSync(bench.net), bench.listWarnings], [[], []]);
  });

  test(`a ${kind} list becomes one of the other kind at the next start`, async (t) => {
    const { bench, network } = await start(t, { render });
    await cniListPart.up(network, signal);
    const options = { ...network.options, ...bench.wish(!render) };
    await cniListPart.up({ ...network, options }, signal);
    assert.equal(bench.text.includes('stateDirectory'), !render);
    assert.equal(await ensure({ ...network, options }), 'whole');
  });
}

describe('a daemon that was killed', () => {
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

  test('between its note and the list still knows both contents', async (t) => {
    for (const content of [template, `${template} `, undefined]) {
      const { bench, network } = await start(t);
      const note = { hashes: [hashOf(`${template} `), hashOf(template)] };
      writeFileSync(join(bench.stateDirectory, 'cni-list.json'), JSON.stringify(note));
      if (content !== undefined) writeFileSync(bench.path, content);
      writeFileSync(join(bench.net, '.10-heddle.conflist.01234567-89ab-cdef-0123-456789abcdef'), 'half');
      await cniListPart.up(network, signal);
      assert.equal(bench.text, template);
      assert.deepEqual(readdirSync(bench.net), ['10-heddle.conflist'], 'the draft is gone');
    }
  });

  test('leaves a list that the next one removes, by what was remembered', async (t) => {
    const { bench, network } = await start(t, { render: true });
    await cniListPart.up(network, signal);
    const later = { ...network, options: { ...network.options, cniList: undefined } };
    await cniListPart.down(later, memoryOf(network));
    assert.deepEqual(readdirSync(bench.net), []);
  });

  test('leaves a list that is removed when the network is forgotten', async (t) => {
    const { bench, network } = await start(t);
    await cniListPart.up(network, signal);
    await cniListPart.forget(memoryOf(network), network.own, bench.emit);
    assert.deepEqual(readdirSync(bench.net), []);
  });
});

test('a list that moves to another directory, or is not wanted, does not stay at its place', async (t) => {
  const { bench, network } = await start(t);
  await cniListPart.up(network, signal);
  const memory = memoryOf(network);
  const leave = (options: UpOptions) => cniListPart.leavePlace?.(memory, network.own, options, bench.emit);
  symlinkSync(bench.net, join(bench.directory, 'link.d'));
  await leave({ ...network.options, ...bench.wish(false, join(bench.directory, 'link.d')) });
  assert.equal(bench.text, template, 'it is the same directory');
  await leave({ ...network.options, cniList: undefined });
  assert.deepEqual(readdirSync(bench.net), []);
  await cniListPart.up(network, signal);
  await leave({ ...network.options, ...bench.wish(false, join(bench.directory, 'other.d')) });
  assert.deepEqual([readdirSync(bench.net), bench.listWarnings], [[], []]);
});

test('nothing is done without a directory', async (t) => {
  const bench = new ListBench(t);
  const network = await standNetwork(t, bench);
  await cniListPart.up(network, signal);
  assert.equal(await ensure(network), 'whole');
  await cniListPart.down(network, memoryOf(network));
  assert.deepEqual([readdirSync(bench.net), cniListPart.describe(network).settings], [[], 'none']);
});

describe('a list that heddle did not write', () => {
  for (const [what, make] of [
    ['another list', (path: string) => writeFileSync(path, stranger)],
    [
      'a list of another heddle daemon',
      (path: string) => writeFileSync(path, '{"heddle": {"stateDirectory": "/x"}}'),
    ],
    ['a link', (path: string) => symlinkSync('/etc/hostname', path)],
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
    ['a directory', (path: string) => mkdirSync(path)],
    ['a large file', (path: string) => writeFileSync(path, ' '.repeat(1024 * 1024 + 1))],
  ] as const) {
    test(`${what} is neither replaced nor removed`, async (t) => {
      const { bench, network } = await start(t, { render: true });
      make(bench.path);
      const before = lstatSync(bench.path);
      await assert.rejects(cniListPart.up(network, signal), /stays as it is, because .*: move it away/);
      assert.match(await ensure(network), /^broken: .* stays as it is/);
      await cniListPart.down(network, memoryOf(network));
      assert.deepEqual(
        [lstatSync(bench.path).ino, lstatSync(bench.path).mtimeMs],
        [before.ino, before.mtimeMs],
      );
    });
  }
});

for (const render of [false, true]) {
  test(`a ${render ? 'rendered' : 'copied'} list that is there already is not written, also if the directory is read-only`, async (t) => {
    const { bench, network } = await start(t, { render });
    await cniListPart.up(network, signal);
    const before = lstatSync(bench.path);
    const place = { path: bench.path, stateDirectory: bench.stateDirectory };
    rmSync(join(bench.stateDirectory, 'cni-list.json'));
    chmodSync(bench.net, 0o555);
    try {
      assert.equal(findListObstacle(place, [bench.text]), undefined);
      await cniListPart.up(network, signal);
      assert.deepEqual(
        [lstatSync(bench.path).ino, lstatSync(bench.path).mtimeMs],
        [before.ino, before.mtimeMs],
      );
      assert.equal(await ensure(network), 'whole');
    } finally {
      chmodSync(bench.net, 0o755);
    }
  });
}

test('a missing directory is named with what to do, and is used once it is there', async (t) => {
  const { bench, network } = await start(t);
  rmSync(bench.net, { recursive: true });
  const why = `the CNI list ${bench.path} cannot be written: the directory ${bench.net} does not exist; create it as the container runtime does, or give another directory with --cni-conf-dir`;
  await assert.rejects(cniListPart.up(network, signal), { message: why });
  assert.equal(await ensure(network), `broken: ${why}`);
  writeFileSync(bench.net, '');
  await assert.rejects(cniListPart.up(network, signal), {
    message: `the CNI list ${bench.path} cannot be written: ${bench.net} is not a directory; move it away, or give another directory with --cni-conf-dir`,
  });
  rmSync(bench.net);
  mkdirSync(bench.net);
  assert.equal(await ensure(network), `repaired: ${bench.path} is missing`);
  rmSync(bench.net, { recursive: true });
  await cniListPart.down(network, memoryOf(network));
  assert.deepEqual(bench.listWarnings, []);
});

describe('other lists in the directory', () => {
  test('a list that comes first is a concern until it is gone', async (t) => {
    const { bench, network } = await start(t);
    const first = join(bench.net, '10-flannel.conflist');
    writeFileSync(first, stranger);
    await cniListPart.up(network, signal);
    const [concern] = network.concerns.all;
    assert.deepEqual(concern && [concern.kind, concern.about], ['cni-order', first]);
    assert.equal(
      concern?.because,
      `the container runtime takes ${first} and not 10-heddle.conflist, because it takes the first one by name`,
    );
    rmSync(first);
    assert.equal(await ensure(network), 'whole');
    assert.deepEqual(network.concerns.all, []);
  });

  test('a list that comes later is told, and is not a concern; other files do not count', async (t) => {
    const { bench, network } = await start(t);
    for (const name of ['00-notes.txt', '.09-draft', '05-old.conflist.bak', '99-podman.conf'])
      writeFileSync(join(bench.net, name), stranger);
    mkdirSync(join(bench.net, '00-folder.conf'));
    await cniListPart.up(network, signal);
    const told =
      'the container runtime takes 10-heddle.conflist and not 99-podman.conf, because it takes the first one by name';
    assert.deepEqual(
      [network.concerns.all, bench.warnings.filter((text) => text.includes('runtime'))],
      [[], [told]],
    );
    assert.ok(cniListPart.describe(network).settings.endsWith(`; ${told}`));
  });
});

test("a template whose plugin reads another subnet file is told, if flannel's plugin reads it", async (t) => {
  for (const render of [false, true]) {
    const { bench, network } = await start(t, { render });
    await cniListPart.up(network, signal);
    const told = bench.warnings.filter((text) =>
      text.startsWith("flannel's plugin reads the subnet file /run/flannel/"),
    );
    assert.equal(told.length, render ? 0 : 1);
  }
});

test('readers of a list never see half of it', async (t) => {
  const { bench } = await start(t);
  const place = { path: bench.path, stateDirectory: bench.stateDirectory };
  const texts = ['a', 'b'].map((letter) => `${letter.repeat(100_000)}\n`);
  await installList(place, texts[0] ?? '');
  let isDone = false;
  const write = async (): Promise<void> => {
    for (let round = 0; round < 20; round += 1) await installList(place, texts[round % 2] ?? '');
    isDone = true;
  };
  const read = async (): Promise<void> => {
    while (!isDone) {
      assert.ok(texts.includes(bench.text));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all([write(), read()]);
});
