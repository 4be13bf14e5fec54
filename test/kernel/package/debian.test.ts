import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { tested } from '../../../scripts/package/tested.js';
import { readVersion } from '../../../src/host/version.ts';
import { reasonToSkip } from '../harness/needs.ts';
import { FreshRoot } from './fresh-root.ts';

/** The daemon with the user, the rights and the files that its unit gives it, since systemd does not run here. */
const start = `
ip link add eth0 type veth peer name far0
ip link set far0 up
ip address add 172.30.0.1/24 dev eth0
ip link set eth0 up
echo 1 >/proc/sys/net/ipv4/ip_forward
mkdir -p /var/lib/heddle/state /run/flannel /srv/store
chown heddle: /var/lib/heddle /var/lib/heddle/state /run/flannel /srv/store
chmod 0700 /var/lib/heddle /var/lib/heddle/state
up() {
  setpriv --reuid heddle --regid heddle --init-groups --no-new-privs --bounding-set=-all,+net_admin \\
    --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \\
    heddle up --recipe vxlan --store-dir /srv/store --iface eth0 --on-exit leave >/tmp/log 2>&1 &
  daemon=$!
  for try in $(seq 300); do
    if heddle status >/tmp/status 2>&1 && grep -q "^state *running" /tmp/status; then return; fi
    kill -0 $daemon 2>/dev/null || break
    sleep 0.1
  done
  cat /tmp/log /tmp/status >&2; return 1
}
`;

describe(
  "Debian's package",
  { skip: reasonToSkip('mmdebstrap', 'dpkg-deb', 'lintian'), timeout: 540_000 },
  () => {
    let root: FreshRoot;

    async function run(script: string, seconds?: number): Promise<string> {
      const { exitCode, stdout, stderr } = await root.run(script, seconds);
      assert.equal(exitCode, 0, `${script}\n${stderr}\n${stdout}`);
      return stdout;
    }

    before(async () => {
      root = await FreshRoot.unpack(dirname(tested.debian));
      await run('dpkg --install /packages/heddle.deb', 120);
    });

    after(() => root.remove());

    test('has no error that lintian finds', async () => {
      const { stdout, exitCode } = await execa(
        'lintian',
        ['--fail-on', 'error', '--tag-display-limit', '0', tested.debian],
        {
          reject: false,
        },
      );
      assert.equal(exitCode, 0, stdout);
    });

    test('installs heddle without Node, with its recipes where people can read them', async () => {
      assert.equal(await run('heddle --version; ! command -v node'), readVersion());
      const listed = JSON.parse(await run('heddle recipe list --json')) as { name: string; file: string }[];
      assert.ok(listed.some(({ name }) => name === 'vxlan'));
      for (const { name, file } of listed) assert.equal(file, `/usr/share/heddle/recipes/${name}.json`);
    });

    test('runs a lab', async () => {
      const report = JSON.parse(await run('heddle lab run vxlan --json', 120)) as { passed: boolean };
      assert.equal(report.passed, true);
    });

    test('has a manual page for every command, without a warning of man', async () => {
      const pages = await run(
        'for page in /usr/share/man/man8/heddle*; do MANWIDTH=80 man --warnings -l "$page" >/tmp/page 2>>/tmp/warned; head -n 1 /tmp/page; done; cat /tmp/warned >&2; [ ! -s /tmp/warned ]',
      );
      assert.match(pages, /^HEDDLE\(8\)/m);
      assert.match(pages, /^HEDDLE-LAB-RUN\(8\)/m);
      const page = await run('MANWIDTH=80 man heddle-lab-run | cat');
      assert.match(page, /--nodes <n>/);
      assert.match(page, /how many nodes/);
    });

    test('completes commands, options and their values in bash', async () => {
      const complete = (...words: readonly string[]): Promise<string> =>
        run(
          `bash -c '. /usr/share/bash-completion/completions/heddle; COMP_WORDS=(heddle ${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length}; _heddle; echo "\${COMPREPLY[*]}"'`,
        );
      assert.equal(await complete('lab', 'ver'), 'verify');
      assert.equal(await complete('sta'), 'status');
      assert.match(await complete('lab', 'run', '--no'), /^--nodes$/);
      assert.equal(await complete('lab', 'run', '--underlay', ''), 'switched routed');
      assert.equal(await complete('up', '--store', 'k'), 'kubernetes');
      assert.match(await complete('recipe', 'explain', 'vx'), /^vxlan$/);
    });

    test('completes commands in zsh', async () => {
      const script =
        'autoload -Uz compinit; compinit -u -D; whence -w _heddle; print -r -- ${_comps[heddle]}; autoload +X _heddle';
      assert.match(
        await run(`zsh -f -c '${script}'; zsh -n /usr/share/zsh/vendor-completions/_heddle`),
        /^_heddle$/m,
      );
    });

    test('has units that systemd accepts, with the sandbox of SECURITY.md', async () => {
      const said = await run(
        'cd /usr/lib/systemd/system; systemd-analyze verify --man=no ./heddle.service ./heddle@blue.service 2>&1 | grep heddle || true',
      );
      assert.equal(said, '');
      const unit = await run('cat /usr/lib/systemd/system/heddle.service');
      for (const line of [
        'User=heddle',
        'AmbientCapabilities=CAP_NET_ADMIN',
        'ProtectSystem=strict',
        'KillMode=process',
      ])
        assert.ok(unit.includes(`\n${line}\n`), line);
      assert.match(unit, /^ExecStart=\/usr\/bin\/heddle up --on-exit leave$/m);
    });

    test('runs as its user, keeps the device over an upgrade, leaves network and state when it is removed', async () => {
      const said = await run(
        `${start}
      up
      before=$(cat /sys/class/net/flannel.1/ifindex)
      ip monitor link >/tmp/links & 
      dpkg --install /packages/heddle-later.deb >/dev/null
      kill -TERM $daemon; wait $daemon
      up
      echo "device $before $(cat /sys/class/net/flannel.1/ifindex), user $(ps -o user= -p $daemon), deleted $(grep -c Deleted /tmp/links || true)"
      kill -TERM $daemon; wait $daemon
      dpkg --remove heddle
      ls /sys/class/net/flannel.1/ifindex /var/lib/heddle/state/deployment.json /etc/heddle/heddle.env
      dpkg --purge heddle
      ls -d /var/lib/heddle /etc/heddle 2>&1 || true
      dpkg --install /packages/heddle.deb >/dev/null`,
        120,
      );
      assert.match(said, /^device (\d+) \1, user heddle, deleted 0$/m);
      assert.match(said, /heddle down --state-dir \/var\/lib\/heddle\/state/);
      assert.match(said, /^\/var\/lib\/heddle\/state\/deployment.json$/m);
      assert.match(said, /'?\/var\/lib\/heddle'?: No such file/);
      assert.match(said, /'?\/etc\/heddle'?: No such file/);
    });
  },
);
