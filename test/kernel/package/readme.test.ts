import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tested } from '../../../scripts/package/tested.js';
import { blocksOf, readPage } from '../../page.ts';
import { reasonToSkip } from '../harness/needs.ts';
import { FreshRoot } from './fresh-root.ts';

/** Commands of README.md that are not run here, and why. */
const notRun: Readonly<Record<string, string>> = {
  'heddle lab capture node1 -w - | wireshark -k -i -': 'Wireshark needs a screen',
  'heddle lab verify my-recipe.json': 'it takes a minute; test/kernel/lab-verify.test.ts runs it',
  'heddle lab impair node2 --loss 5%': 'the kernel may lack netem; a test of lab impair runs it',
  'heddle lab run vxlan --store etcd --flanneld PATH':
    'Debian has no flanneld; test/kernel/lab-flanneld.test.ts runs it',
  'heddle lab run vxlan --store etcd': 'etcd is not in the root; executable.test.ts runs it',
  'heddle lab run vxlan --store kubernetes': 'kube-apiserver is not in the root; executable.test.ts runs it',
  'heddle lab up --watch my-recipe.json':
    'it runs until it is stopped; test/kernel/lab-watch.test.ts runs it',
};

/** The commands of heddle in the blocks of README.md, without their comments. */
const commands = blocksOf(readPage('README.md'))
  .filter(({ kind }) => kind === '')
  .flatMap(({ text }) => text.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line.startsWith('heddle '));

const prepare = `
mkdir -p /root/readme /mnt/shared/heddle
cd /root/readme
ip link add eth0 type veth peer name far0
ip link set far0 up
ip address add 172.30.0.1/24 dev eth0
ip link set eth0 up
echo 1 >/proc/sys/net/ipv4/ip_forward
run() {
  echo "== $1"
  sh -c "$1" >/tmp/said 2>&1 || { status=$?; cat /tmp/said; echo "$1 ended with $status"; exit 1; }
}
`;

/** The lines of a script that runs a command, and waits until a daemon in the foreground is ready. */
function linesFor(command: string): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  if (command.startsWith('heddle up '))
    return `
${command} >/tmp/log 2>&1 &
for try in $(seq 300); do heddle status 2>/dev/null | grep -q '^state *running' && break; sleep 0.1; done
heddle status | grep -q '^state *running' || { cat /tmp/log; exit 1; }
echo ${quoted(`== ${command}`)}`;
  const address = `$(heddle lab ps --json | grep -o '"pod":"[^"]*"' | tail -n 1 | cut -d '"' -f 4)`;
  if (command.includes('ADDRESS')) return `run "${command.replace('ADDRESS', address)}"`;
  // A recipe to start from needs one link between the nodes; the author of this one has gone on.
  const goOn = command.startsWith('heddle recipe new')
    ? '; cp /usr/share/heddle/recipes/vxlan.json my-recipe.json'
    : '';
  return `run ${quoted(command)}${goOn}`;
}

describe(
  'the commands of README.md',
  { skip: reasonToSkip('mmdebstrap', 'dpkg-deb'), timeout: 540_000 },
  () => {
    let root: FreshRoot;
    before(async () => {
      root = await FreshRoot.unpack(dirname(tested.debian));
    });
    after(() => root.remove());

    test('every command that is not run here is in README.md', () => {
      assert.deepEqual(
        Object.keys(notRun).filter((command) => !commands.includes(command)),
        [],
      );
    });

    test('run with the installed package, on a fresh Debian without Node', async () => {
      const run = commands.filter((command) => notRun[command] === undefined);
      assert.ok(run.length > 15, run.join('\n'));
      // The recipe is used above the line that creates it.
      const isFirst = (command: string): boolean => command.startsWith('heddle recipe new');
      const ordered = [...run.filter(isFirst), ...run.filter((command) => !isFirst(command))];
      const script = ['dpkg --install /packages/heddle.deb', prepare, ...ordered.map(linesFor)].join('\n');
      const { exitCode, stdout, stderr } = await root.run(script, 240);
      assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
      assert.equal(stdout.split('\n').filter((line) => line.startsWith('== ')).length, run.length, stdout);
    });
  },
);
