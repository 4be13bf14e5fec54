import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { execa } from 'execa';
import { blocksOf, findLines, readPage, type Block } from '../page.ts';
import { reasonToSkip } from './harness/needs.ts';
import { heddle, processesOfLab } from './lab-harness.ts';
import { TemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

/** `heddle lab` verbs that are about a lab of a name: here one that no other lab on this machine has. */
const lab = `page-${process.pid}`;
const wrapper = `#!/bin/sh
if [ "$1" = lab ] && { [ "$2" = up ] || [ "$2" = exec ]; }; then
  verb=$2
  shift 2
  set -- lab "$verb" --name ${lab} "$@"
fi
exec "${process.execPath}" "${heddle}" "$@"
`;

/** Whoever reads the page: a folder, a terminal, and a second one where a lab is watched. */
class Reader {
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  #watched: { readonly output: () => string; readonly stop: () => Promise<void> } | undefined;
  /** How much of the watched lab's output was there before the last save. */
  #mark = 0;

  constructor(folder: string) {
    this.folder = folder;
    const programs = join(this.folder, 'bin');
    this.#environment = { ...process.env, PATH: `${programs}:${process.env['PATH'] ?? ''}` };
    mkdirSync(programs);
    writeFileSync(join(programs, 'heddle'), wrapper);
    chmodSync(join(programs, 'heddle'), 0o755);
  }

  save({ title, text }: Block): void {
    this.#mark = this.#watched?.output().length ?? 0;
    writeFileSync(join(this.folder, title), `${text}\n`);
  }

  async run(line: string): Promise<{ readonly exitCode: number | undefined; readonly output: string }> {
    if (line.includes('--watch')) {
      this.#watch(line);
      return { exitCode: 0, output: '' };
    }
    const { exitCode, all } = await execa('sh', ['-c', line], {
      cwd: this.folder,
      env: this.#environment,
      all: true,
      reject: false,
      timeout: 60_000,
    });
    return { exitCode, output: all };
  }

  /** Waits until the watched lab has printed these lines since the last save. */
  async sees(lines: readonly string[]): Promise<void> {
    const seen = (): string => this.#watched?.output().slice(this.#mark) ?? '';
    const wanted = lines.flatMap((line) => ['…', line]);
    await until(
      `the lab to say what the page says:\n${lines.join('\n')}`,
      () => {
        if (findLines(seen(), wanted) === undefined) return true;
        assert.ok(!seen().includes('after the save'), `not what the page says:\n${seen()}`);
        return false;
      },
      seen,
    );
  }

  async close(): Promise<void> {
    await this.#watched?.stop();
    this.#watched = undefined;
  }

  #watch(line: string): void {
    const child = spawn('sh', ['-c', `exec ${line}`], { cwd: this.folder, env: this.#environment });
    let output = '';
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const stop = async (): Promise<void> => {
      child.kill('SIGINT');
      await ended;
    };
    this.#watched = { output: () => output, stop };
  }
}

/** Does what a block of the page says, and asserts that what it says comes of it. */
async function follow(reader: Reader, block: Block): Promise<void> {
  const lines = block.text.split('\n');
  switch (block.kind) {
    case 'json':
      reader.save(block);
      return;
    case 'text':
      await reader.sees(lines);
      return;
    case 'sh':
      for (const line of lines) {
        const { exitCode, output } = await reader.run(line);
        assert.equal(exitCode, 0, `${line}\n${output}`);
      }
      return;
    case 'console': {
      const [command = '', ...expected] = lines;
      const { output } = await reader.run(command.replace(/^\$ /, ''));
      assert.equal(findLines(output, expected), undefined, `${command}\n${output}`);
      return;
    }
    case 'script':
      // compiles-page.test.ts follows these blocks.
      return;
    case '':
      // A command that takes long, or that a reader chooses: its options are read, and then only its help is printed.
      for (const line of lines) {
        const { exitCode, output } = await reader.run(`${line} --help`);
        assert.equal(exitCode, 0, `${line}\n${output}`);
      }
      return;
    default:
      assert.fail(`nobody knows what to do with a block of ${block.kind}`);
  }
}

describe('docs/recipes.md', { skip: reasonToSkip('arp') }, () => {
  test('comes out as it says, block by block', async (t: TestContext) => {
    const page = readPage('docs/recipes.md');
    const blocks = blocksOf(page.slice(0, page.indexOf('\n## Findings\n')));
    const folder = new TemporaryDirectory();
    const reader = new Reader(folder.path);
    t.after(async () => {
      await reader.close();
      folder.remove();
      assert.deepEqual(processesOfLab(lab), []);
    });
    for (const block of blocks) {
      await t.test(`${block.heading}, line ${block.line}: ${block.kind} ${block.title}`, async () => {
        if (block.heading === 'The last tests') await reader.close();
        await follow(reader, block);
      });
    }
  });
});
