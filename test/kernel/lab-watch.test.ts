import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import type { PairReport, NodeRecipeChange } from '../../src/lab/report/report.ts';
import { reasonToSkip } from './harness/needs.ts';
import { heddle, processesOfLab, runHeddle } from './lab-harness.ts';
import { TemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

interface Word {
  readonly passed: boolean;
  readonly refused?: string;
  readonly findings: string;
  readonly change: NodeRecipeChange | null;
  readonly pairs: readonly PairReport[];
  readonly troubles: readonly { readonly message: string }[];
  readonly nodes: readonly { readonly subnet: string; readonly mtu: number }[];
}

const shipped = (name: string): string =>
  readFileSync(new URL(`../../recipes/${name}.json`, import.meta.url), 'utf8');

/** A `heddle lab up --watch --json` on a recipe of the test's own. */
class Author {
  readonly name = `watch-${process.pid}`;
  readonly #file: string;
  readonly #words: Word[] = [];
  #stderr = '';
  #isEnded = false;
  readonly ended: Promise<number | null>;
  readonly #kill: (signal: NodeJS.Signals) => void;

  constructor(t: TestContext, text: string, args: readonly string[] = []) {
    const folder = new TemporaryDirectory();
    this.#file = join(folder.path, 'mine.json');
    writeFileSync(this.#file, text);
    const command = [heddle, 'lab', 'up', '--watch', '--json', '--name', this.name, ...args, this.#file];
    // Whatever the umask of who starts it.
    const child = spawn('sh', ['-c', 'umask 002; exec "$@"', 'sh', process.execPath, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#words.push(JSON.parse(line) as Word));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#kill = (signal) => void child.kill(signal);
    this.ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
    void this.ended.then(() => (this.#isEnded = true));
    t.after(async () => {
      child.kill('SIGINT');
      await this.ended;
      folder.remove();
    });
  }

  async next(): Promise<Word> {
    return until(
      'the lab to tell',
      () => {
        const word = this.#words.shift();
        if (word === undefined && this.#isEnded) throw new Error(`The lab ended:\n${this.#stderr}`);
        return word;
      },
      () => this.#stderr,
    );
  }

  write(text: string): void {
    writeFileSync(this.#file, text);
  }

  /** What a command prints in a node. */
  async inNode(node: string, ...command: readonly string[]): Promise<string> {
    return (await runHeddle(['lab', 'exec', '--name', this.name, node, '--', ...command])).stdout;
  }

  save(text: string): Promise<Word> {
    this.write(text);
    return this.next();
  }

  stop(): Promise<number | null> {
    this.#kill('SIGINT');
    return this.ended;
  }
}

function edit(text: string, change: (backend: Record<string, unknown>) => void): string {
  const document = JSON.parse(text) as { Backend: Record<string, unknown> };
  change(document.Backend);
  return JSON.stringify(document);
}

function assertPassed({ passed, pairs, troubles }: Word): void {
  assert.deepEqual([passed, pairs.length, troubles], [true, 6, []], JSON.stringify(pairs));
}

describe('heddle lab up --watch', { skip: reasonToSkip() }, () => {
  test('has all nodes run what is saved, in the smallest step, a whole other recipe too', async (t) => {
    const author = new Author(t, shipped('vxlan'));
    const first = await author.next();
    assertPassed(first);
    assert.equal(first.change, null);

    const peers = await author.save(
      edit(
        shipped('vxlan'),
        (backend) =>
          (backend['SubnetAddCommand'] = [': again', ...(backend['SubnetAddCommand'] as string[])]),
      ),
    );
    assertPassed(peers);
    assert.deepEqual(peers.change, { step: 'peers', because: 'SubnetAddCommand changed' });

    const other = await author.save(shipped('host-gw'));
    assertPassed(other);
    assert.equal(other.change?.step, 'node');
    assert.deepEqual(
      other.nodes.map(({ mtu }) => mtu),
      [1500, 1500, 1500],
    );
    assert.deepEqual(
      other.nodes.map(({ subnet }) => subnet),
      first.nodes.map(({ subnet }) => subnet),
    );

    const bad = await author.save(shipped('host-gw').replace('"CheckCommand"', '"CheckComand"'));
    assert.equal(bad.refused, '1 error');
    assert.match(bad.findings, /mine\.json:\d+:\d+ error\[unknown-key\]/);
    const back = await author.save(shipped('host-gw'));
    assertPassed(back);
    assert.equal(back.change?.step, 'nothing');

    const moved = await author.save(shipped('host-gw').replace('10.50.0.0/16', '10.77.0.0/16'));
    assertPassed(moved);
    assert.deepEqual(moved.change, { step: 'node', because: 'the network changed' });
    assert.ok(
      moved.nodes.every(({ subnet }) => subnet.startsWith('10.77.')),
      JSON.stringify(moved.nodes),
    );

    assert.equal(await author.stop(), 0);
    assert.deepEqual(processesOfLab(author.name), []);
  });

  test('tells what does not come up once, and goes on with what did', async (t) => {
    const author = new Author(t, shipped('host-gw'), ['--nodes', '2']);
    await author.next();
    const failed = await author.save(
      edit(shipped('host-gw'), (backend) => (backend['PreStartupCommand'] = 'echo hopeless >&2; exit 3')),
    );
    assert.equal(failed.change, null);
    assert.equal(failed.troubles.length, 1);
    assert.match(failed.troubles[0]?.message ?? '', /^node1, node2: .*mine\.json:1\) exited with status 3/);
    assert.ok(failed.pairs.every(({ ok }) => ok));
    assert.equal(failed.passed, false);
    assert.equal(await author.stop(), 0);
  });

  test('a save while a command hangs is the one that counts', async (t) => {
    const author = new Author(t, shipped('host-gw'), ['--nodes', '2']);
    await author.next();
    const hanging = edit(
      shipped('host-gw'),
      (backend) => (backend['SubnetAddCommand'] = 'echo hangs >&2; sleep 600'),
    );
    author.write(hanging);
    await until('the command to hang', async () =>
      /sleep 600$/m.test(await author.inNode('node1', 'ps', 'ax')),
    );
    const good = await author.save(shipped('vxlan'));
    assert.equal(good.passed, true);
    assert.equal(good.change?.step, 'node');
    assert.equal(await author.stop(), 0);
  });

  test('with etcd, whose network follows', { skip: reasonToSkip('etcd') }, async (t) => {
    const author = new Author(t, shipped('host-gw'), ['--store', 'etcd']);
    assertPassed(await author.next());
    const other = await author.save(shipped('vxlan'));
    assertPassed(other);
    assert.equal(other.change?.step, 'node');
    assert.equal(await author.stop(), 0);
  });
});
