import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { tested } from '../../../scripts/package/tested.js';
import { readVersion } from '../../../src/host/version.ts';
import { anchorsOf, pageLinks } from '../../page.ts';
import { reasonToSkip } from '../harness/needs.ts';
import { FreshRoot } from './fresh-root.ts';
import { runUnderSystemd } from './root-systemd.ts';

/** A node with the service of the package, and another one, `$inside`, in namespaces of its own. */
const nodes = `
soon() { # COMMAND: until it succeeds
  for try in $(seq 300); do if sh -c "$1" >/tmp/said 2>&1; then return; fi; sleep 0.1; done
  echo "in vain: $1" >&2; cat /tmp/said /var/log/heddle /tmp/peer >&2; return 1
}
mkdir -p /srv/store
chown heddle: /srv/store
unshare --net --mount sh -ec "mount -t sysfs sysfs /sys
  mount -t tmpfs tmpfs /run
  mkdir -p /run/flannel
  chown heddle: /run/flannel
  echo 1 >/proc/sys/net/ipv4/ip_forward
  exec sleep 600" &
inside="nsenter --target $! --net --mount"
soon "$inside grep 1 /proc/sys/net/ipv4/ip_forward"
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link add eth0 type veth peer name eth0 netns $!
ip address add 172.30.0.1/24 dev eth0
ip link set eth0 up
$inside ip address add 172.30.0.2/24 dev eth0
$inside ip link set eth0 up
mkdir -m 0700 /tmp/state
chown heddle: /tmp/state
$inside setpriv --reuid heddle --regid heddle --init-groups --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \\
  heddle up --recipe vxlan --store-dir /srv/store --state-dir /tmp/state --iface eth0 >/tmp/peer 2>&1 &

echo 'HEDDLE_STORE_DIR=/srv/store
FLANNELD_IFACE=eth0' >>/etc/heddle/heddle.env
mkdir /run/units/heddle.service.d
echo '[Service]
ReadWritePaths=/srv/store
StandardOutput=append:/var/log/heddle
StandardError=inherit' >/run/units/heddle.service.d/own.conf
systemctl daemon-reload
systemctl enable --now heddle || { cat /var/log/heddle >&2; exit 1; }
main() { systemctl show --property MainPID --value heddle; }

bridge() { # NAMESPACES: makes the bridge of that node's pods, and prints its address
  $1 sh -ec '. /run/flannel/subnet.env
    ip link add cni0 type bridge; ip address add $FLANNEL_SUBNET dev cni0; ip link set cni0 up; echo \${FLANNEL_SUBNET%/*}'
}
soon "$inside test -e /run/flannel/subnet.env"
here=$(bridge '')
there=$(bridge "$inside")
soon "ping -c 1 -W 1 -I $here $there"
ping -i 0.01 -I $here $there >/tmp/there &
$inside ping -i 0.01 -I $there $here >/tmp/back &
more() { # FILE of ping: until it has fifty more answers
  soon "[ \\$(grep -c 'bytes from' $1) -ge $(($(grep -c 'bytes from' $1 || true) + 50)) ]"
}
lost() { # FILE of ping: how many requests up to the last answer have no answer
  awk -F icmp_seq= '/bytes from/ { if (!seen[$2 + 0]++) answers++; if ($2 + 0 > last) last = $2 + 0 } END { print last - answers " of " last }' $1
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

    test('installs pages whose links all lead to an installed file and heading', () => {
      const folder = root.path('usr/share/doc/heddle');
      const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
        path.endsWith('.md'),
      );
      assert.ok(pages.includes('README.md') && pages.includes('docs/lab.md'), pages.join('\n'));
      const links = pages.flatMap((page) =>
        pageLinks(readFileSync(join(folder, page), 'utf8')).map((link) => ({ page, link })),
      );
      assert.ok(links.length > 50);
      const dead = links.filter(({ page, link: { target, heading } }) => {
        const file = target === '' ? join(folder, page) : join(folder, dirname(page), target);
        if (!existsSync(file)) return true;
        return heading !== '' && !anchorsOf(readFileSync(file, 'utf8')).includes(heading);
      });
      assert.deepEqual(dead, []);
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
      // Options of two commands with one name have values of their own.
      assert.equal(await complete('lab', 'run', '--family', ''), 'ipv4 ipv6 dual');
      assert.equal(await complete('lab', 'trace', '--family', ''), '4 6');
      assert.equal(await complete('up', '--store', 'k'), 'kubernetes');
      assert.match(await complete('recipe', 'explain', 'vx'), /^vxlan$/);
      assert.equal(await complete('up', '--recipe', 'host'), 'host-gw');
      assert.equal(await complete('docs', 'oper'), 'operations');
      assert.equal(await complete('up', '--recipe', '/etc/heddle/heddle.e'), '/etc/heddle/heddle.env');
    });

    test('completes what is typed in zsh', async () => {
      const typed = {
        'heddle lab ver': 'heddle lab verify',
        'heddle lab run --family d': '--family dual',
        'heddle up --store k': '--store kubernetes',
        'heddle up --recipe host': '--recipe host-gw',
        'heddle lab run host': 'run host-gw',
        'heddle docs oper': 'docs operations',
        'heddle up --recipe /etc/heddle/heddle.e': '/etc/heddle/heddle.env',
      };
      const lines = Object.entries(typed).map(
        ([begin, whole]) =>
          `zpty -w -n shell $'\\C-u${begin}\\t'; zpty -r -m shell said '*${whole}*'; print -r -- completed '${whole}'`,
      );
      const script = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT=; autoload -Uz compinit; compinit -u -D; print rea''dy"
zpty -r -m shell said '*ready*'
${lines.join('\n')}`;
      writeFileSync(root.path('complete.zsh'), script);
      const said = await run('TERM=xterm zsh -f /complete.zsh');
      assert.equal(
        said,
        Object.values(typed)
          .map((whole) => `completed ${whole}`)
          .join('\n'),
      );
    });

    test('has a file of completions that zsh finds', async () => {
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

    test('runs under systemd, loses no packet in an upgrade, leaves network and state when it is removed', async () => {
      const { exitCode, stdout, stderr } = await runUnderSystemd(
        root,
        `${nodes}
      echo "user $(ps -o user= -p $(main)), $(awk '/^(NoNewPrivs|Seccomp|CapEff|CapBnd):/ { printf "%s %s, ", $1, $2 }' /proc/$(main)/status)"
      nsenter --target $(main) --mount touch /usr/heddle 2>&1 || true
      device=$(cat /sys/class/net/flannel.1/ifindex)
      ip monitor link >/tmp/links &
      more /tmp/there; more /tmp/back
      before=$(main)
      dpkg --install /packages/heddle-later.deb >/dev/null
      soon 'systemctl is-active heddle'
      kill -0 $before 2>/dev/null && exit 1
      echo "program $(readlink /proc/$(main)/exe), restarts $(systemctl show --property NRestarts --value heddle)"
      more /tmp/there; more /tmp/back
      echo "lost $(lost /tmp/there) there, $(lost /tmp/back) back"
      echo "device $device $(cat /sys/class/net/flannel.1/ifindex), deleted $(grep -c Deleted /tmp/links || true)"
      dpkg --remove heddle
      systemctl is-active heddle || true
      ls /sys/class/net/flannel.1/ifindex /var/lib/heddle/state/deployment.json /etc/heddle/heddle.env
      dpkg --purge heddle
      ls -d /var/lib/heddle /etc/heddle /etc/systemd/system/*.wants/heddle* 2>&1 || true
      dpkg --install /packages/heddle.deb >/dev/null`,
        240,
      );
      const said = `${stdout}\n${stderr}`;
      assert.equal(exitCode, 0, said);
      const rights = '0000000000001000';
      assert.match(
        said,
        new RegExp(`^user heddle, CapEff: ${rights}, CapBnd: ${rights}, NoNewPrivs: 1, Seccomp: 2, $`, 'm'),
      );
      assert.match(said, /'\/usr\/heddle': Read-only file system/);
      assert.match(said, /^program \/usr\/bin\/heddle, restarts 0$/m);
      assert.match(said, /^lost 0 of \d{3,} there, 0 of \d{3,} back$/m);
      assert.match(said, /^device (\d+) \1, deleted 0$/m);
      assert.match(said, /heddle down --state-dir \/var\/lib\/heddle\/state/);
      assert.match(said, /^inactive$/m);
      assert.match(said, /^\/var\/lib\/heddle\/state\/deployment.json$/m);
      for (const path of ['/var/lib/heddle', '/etc/heddle', '/etc/systemd/system/*.wants/heddle*'])
        assert.ok(said.includes(`cannot access '${path}': No such file`), `${path}\n${said}`);
    });
  },
);
