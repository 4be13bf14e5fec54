import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tested } from '../../../scripts/package/tested.js';
import { kubernetesProblem, kubernetesProgram } from '../../../scripts/test/kubernetes.js';
import { blocksOf, readPage } from '../../page.ts';
import { reasonToSkip } from '../harness/needs.ts';
import { FreshRoot } from './fresh-root.ts';

/** A flanneld, for the one command that needs it: Debian does not have one. */
const flanneld = process.env['FLANNELD'];

/** Commands of README.md that this machine cannot run, and why. Each is a test that is skipped. */
const notRun: Readonly<Record<string, string | false>> = {
  'heddle lab run vxlan --store etcd --flanneld PATH':
    flanneld === undefined && 'needs a flanneld: FLANNELD=PATH names one',
  'heddle lab run vxlan --store kubernetes': kubernetesProblem('kube-apiserver') ?? false,
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
# Wireshark's window needs a screen: this program reads the head of the capture and of its first packet, and says so.
cat >/usr/local/bin/wireshark <<'END'
#!/bin/sh
[ "$*" = '-k -i -' ] || exit 1
head -c 40 >/tmp/capture
[ "$(head -c 4 /tmp/capture | od -An -tx1 | tr -d ' ')" = d4c3b2a1 ] && [ "$(wc -c </tmp/capture)" -eq 40 ] && echo >/tmp/captured
END
chmod +x /usr/local/bin/wireshark
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
  // It stays in the foreground until it is told to end.
  if (command.startsWith('heddle lab up --watch'))
    return `
${command} >/tmp/log 2>&1 &
for try in $(seq 600); do grep -q 'passed\\|watching' /tmp/log && break; sleep 0.1; done
kill -INT $!
wait $! || { status=$?; [ $status -eq 130 ] || { cat /tmp/log; echo ${quoted(command)} "ended with $status"; exit 1; }; }
echo ${quoted(`== ${command}`)}`;
  const address = `$(heddle lab ps --json | grep -o '"pod":"[^"]*"' | tail -n 1 | cut -d '"' -f 4)`;
  if (command.includes('ADDRESS')) return `run "${command.replace('ADDRESS', address)}"`;
  // The capture needs packets.
  if (command.includes('| wireshark'))
    return `
heddle lab exec node1-pod -- ping -i 0.1 -w 60 "${address}" >/dev/null 2>&1 &
run ${quoted(command)}
kill $! 2>/dev/null || true
[ -e /tmp/captured ] || { echo 'no packet reached wireshark'; exit 1; }`;
  // A recipe to start from needs one link between the nodes; the author of this one has gone on.
  const goOn = command.startsWith('heddle recipe new')
    ? '; cp /usr/share/heddle/recipes/vxlan.json my-recipe.json'
    : '';
  return `run ${quoted(command)}${goOn}`;
}

describe(
  'the commands of README.md',
  { skip: reasonToSkip('mmdebstrap', 'dpkg-deb', 'etcd'), timeout: 600_000 },
  () => {
    let root: FreshRoot;
    before(async () => {
      root = await FreshRoot.unpack(dirname(tested.debian));
      // What a user of these stores has, by the names that heddle looks for.
      const programs = {
        etcd: '/usr/bin/etcd',
        flanneld,
        'kube-apiserver': kubernetesProgram('kube-apiserver'),
      };
      for (const [name, path] of Object.entries(programs))
        if (path !== undefined && existsSync(path)) root.copyIn(path, `usr/local/bin/${name}`);
    });
    after(() => root.remove());

    test('every command that may be skipped is in README.md', () => {
      assert.deepEqual(
        Object.keys(notRun).filter((command) => !commands.includes(command)),
        [],
      );
    });

    // A skip is seen in the report, which a command that is merely left out would not be.
    for (const [command, skip] of Object.entries(notRun))
      if (skip !== false) test(`can run: ${command}`, { skip });

    test('run with the installed package, on a fresh Debian without Node', async () => {
      const run = commands.filter((command) => (notRun[command] ?? false) === false);
      assert.ok(run.length > 15, run.join('\n'));
      // The recipe is used above the line that creates it.
      const isFirst = (command: string): boolean => command.startsWith('heddle recipe new');
      const ordered = [...run.filter(isFirst), ...run.filter((command) => !isFirst(command))];
      const script = ['dpkg --install /packages/heddle.deb', prepare, ...ordered.map(linesFor)]
        .join('\n')
        .replace('--flanneld PATH', '--flanneld /usr/local/bin/flanneld');
      const { exitCode, stdout, stderr } = await root.run(script, 500);
      assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
      assert.equal(stdout.split('\n').filter((line) => line.startsWith('== ')).length, run.length, stdout);
    });
  },
);
