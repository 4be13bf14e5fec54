import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { layOutFiles } from '../../src/store/files/layout.ts';
import { compileForProcesses } from './compile.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const key = '10.50.4.0-24';
/** A file of root's, in the form of what a store holds, so that nothing but the link tells it apart. */
const secret =
  '{"PublicIP":"172.30.0.7","PublicIPv6":null,"BackendType":"SECRET","Network":"10.66.0.0/16"}\n';
/** What a process may take that does all operations in a directory, in milliseconds. One that waits for a FIFO has no end. */
const limitMs = 90_000;

/** Every path that a store of files opens, by its name in the layout. Without a new name, this does not compile. */
const names: Readonly<Record<keyof ReturnType<typeof layOutFiles>, readonly string[]>> = {
  root: [],
  config: ['config'],
  subnets: ['subnets', `subnets/${key}`, 'subnets/notes.txt', 'subnets/.hidden'],
  lock: ['.lock'],
  draft: ['.draft'],
  newDraft: ['.draft-00000000-0000-0000-0000-000000000000'],
};

/** Leaves a unix socket behind, as a killed process does. */
const bindScript = "net.createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";

interface Elsewhere {
  /** A file that no process of heddle may read or change. */
  readonly file: string;
  /** A path where nothing is, and nothing may come to be. */
  readonly nowhere: string;
}

const obstacles: Readonly<Record<string, (path: string, elsewhere: Elsewhere) => void>> = {
  'a link to a file of root’s': (path, { file }) => symlinkSync(file, path),
  'a link to nothing': (path, { nowhere }) => symlinkSync(nowhere, path),
  'a link to a device without an end': (path) => symlinkSync('/dev/zero', path),
  'a FIFO': (path) => execFileSync('mkfifo', [path]),
  'a directory with something in it': (path) => mkdirSync(join(path, 'more'), { recursive: true }),
  'a socket': (path) =>
    spawnSync(process.execPath, ['-e', bindScript, basename(path)], { cwd: dirname(path) }),
  'a file of a gigabyte': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 1 << 30);
  },
};

describe('whatever lies at a name that a store of files opens', () => {
  const temporary = temporaryDirectory({ after });
  let program: string;

  before(async () => {
    program = await compileForProcesses('test/store/every-operation.ts', join(temporary, 'program'));
  });

  for (const [what, put] of Object.entries(obstacles)) {
    test(`${what}: nothing waits, nothing is followed, nothing of it is told`, (t) => {
      const place = temporaryDirectory(t);
      const elsewhere = { file: join(place, 'shadow'), nowhere: join(place, 'nowhere') };
      writeFileSync(elsewhere.file, secret, { mode: 0o600 });
      const directories = Object.values(names)
        .flat()
        .map((name) => {
          const directory = join(place, name.replace('/', ' '));
          const path = join(directory, name);
          mkdirSync(dirname(path), { recursive: true });
          put(path, elsewhere);
          // Old, as what a killed process left.
          lutimesSync(path, 0, 0);
          return directory;
        });

      const ran = spawnSync(process.execPath, ['--max-old-space-size=128', program, key, ...directories], {
        encoding: 'utf8',
        timeout: limitMs,
        killSignal: 'SIGKILL',
      });
      assert.match(ran.stdout, /all done\n$/, `it ended or hung after: ${ran.stdout}${ran.stderr}`);
      assert.equal(ran.stderr, '');
      assert.doesNotMatch(ran.stdout, /SECRET|10\.66\.0\.0|TypeError|ERR_|the system refused/);
      assert.equal(readFileSync(elsewhere.file, 'utf8'), secret);
      assert.ok(!existsSync(elsewhere.nowhere), 'a file was made where the link leads');
    });
  }
});
