import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { debianProcessors } from '../../../scripts/package/debian/control.js';
import { parseDockerfile } from '../../../scripts/package/dockerfile.js';
import type { Processor } from '../../../scripts/package/release.js';
import { tested } from '../../../scripts/package/tested.js';
import { reasonToSkip } from '../harness/needs.ts';
import { FreshRoot } from './fresh-root.ts';

const processor = debianProcessors[process.arch as Processor];
const text = readFileSync(new URL('../../../deploy/image/Dockerfile', import.meta.url), 'utf8');
const { stages, entrypoint } = parseDockerfile(text, { TARGETARCH: processor });

/**
 * A container with the capability NET_ADMIN alone. Each of three subnets of the store leaves a process behind. It ends when its parent is PID 1,
 * and nothing of it may stay, not even a zombie. Only these three are looked for: others come and go while the daemon works.
 */
const container = `
soon() { # COMMAND: until it succeeds
  for try in $(seq 600); do if eval "$1" >/tmp/said 2>&1; then return; fi; sleep 0.1; done
  echo "in vain: $1" >&2; cat /tmp/said /run/log >&2; return 1
}
ip link add eth0 type veth peer name far0
ip link set far0 up
ip address add 172.30.0.1/24 dev eth0
ip link set eth0 up
echo 1 >/proc/sys/net/ipv4/ip_forward
mkdir -p /run/state /run/store/subnets
cat >/run/recipe.json <<'END'
{ "Network": "10.50.0.0/16", "Backend": { "Type": "extension",
  "SubnetAddCommand": "sleep 600 >/dev/null 2>&1 & echo $! >>/run/left", "SubnetRemoveCommand": "true",
  "ShutdownCommand": "echo down >/run/down" } }
END
for n in 1 2 3; do
  echo '{"PublicIP":"172.30.0.10'$n'","BackendType":"extension","BackendData":"x"}' >"/run/store/subnets/10.50.$n.0-24"
done
unshare --pid --fork --kill-child --mount-proc setpriv --bounding-set=-all,+net_admin --no-new-privs \\
  PROGRAM up --recipe /run/recipe.json --store-dir /run/store --state-dir /run/state --iface eth0 --on-exit shutdown >/run/log 2>&1 &
engine=$!
soon 'heddle status --state-dir /run/state | grep "3 of 3 in place"'
first=$(ps -o pid= --ppid $engine | tr -d ' ')
echo "first $(tr '\\0' ' ' <"/proc/$first/cmdline" | head -c 10)"
# The numbers of the processes are those of the container, and so has to be /proc.
proc=/proc/$first/root/proc
left=$(cat /run/left)
for pid in $left; do soon "grep '^PPid:.1$' $proc/$pid/status"; done
nsenter --target $first --pid sh -c "kill $(echo $left)"
for pid in $left; do soon "test ! -e $proc/$pid"; echo "collected $pid"; done
kill -TERM "$first"
wait
cat /run/down /run/log
`;

describe('the image', { skip: reasonToSkip('mmdebstrap', 'dpkg-deb'), timeout: 540_000 }, () => {
  const roots = new Map<string, FreshRoot>();
  after(() => roots.forEach((root) => root.remove()));

  // No container engine runs here: the steps of the Dockerfile are done in a fresh Debian.
  before(async () => {
    for (const { base, name, steps } of stages) {
      assert.equal(base, 'debian:bookworm-slim');
      const root = await FreshRoot.unpack(dirname(tested.debian));
      roots.set(name, root);
      for (const step of steps) {
        if (step.kind === 'run') {
          const { exitCode, stdout, stderr } = await root.run(step.script, 240, { network: true });
          assert.equal(exitCode, 0, `${step.script}\n${stderr}\n${stdout}`);
        } else if (step.from === '') {
          assert.deepEqual(step.sources, [`packages/heddle_*_${processor}.deb`]);
          root.copyIn(tested.debian, step.target);
        } else {
          for (const source of step.sources)
            root.copyIn(roots.get(step.from)?.path(source) ?? '', step.target);
        }
      }
    }
  });

  test('has heddle, its recipes and what they call', async () => {
    const root = roots.get('');
    const { stdout, exitCode } =
      (await root?.run('heddle recipe list; command -v ip bridge iptables nft wg awk')) ?? {};
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout ?? '', /^vxlan /m);
  });

  test('runs as PID 1 with NET_ADMIN alone, and collects the processes that commands leave behind', async () => {
    const root = roots.get('');
    const {
      exitCode,
      stdout = '',
      stderr,
    } = (await root?.run(container.replace('PROGRAM', entrypoint.join(' ')), 300)) ?? {};
    const said = `${stderr}\n${stdout}`;
    assert.equal(exitCode, 0, said);
    assert.match(stdout, /^first sh -c/m, said);
    assert.equal(stdout.match(/^collected \d+$/gm)?.length, 3, said);
    assert.match(stdout, /^down$/m, said);
  });
});
