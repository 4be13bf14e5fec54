import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { upCommand } from './harness/daemon.ts';
import { endProgram, type Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const options = { skip: reasonToSkip('nft') };

/** The kernel's entries, and every file of the host's own with its mode and size. A start locks the state directory, which changes its times. */
function traces(host: Host): Promise<string> {
  return host.sh(
    'ip -d link; ip address; ip route show table all; nft list ruleset; find /run -printf "%p %m %s\\n" | sort',
  );
}

describe('heddle up on a host that cannot carry the network', options, () => {
  test('ends before it changes anything if a program has the UDP port, or a device the VNI', async (t) => {
    const { host, store } = await oneHost(t);
    await host.sh('mkdir -m 700 -p /run/state');
    const up = upCommand(['--recipe', 'vxlan', '--store-dir', store.path, '--log-format', 'json']);

    /** Runs `heddle up`, which is refused with a message and a hint, and leaves neither a lease nor a trace. */
    async function assertRefused(message: RegExp, hint: string): Promise<void> {
      const before = await traces(host);
      const { exitCode, stdout, stderr } = await host.run(up);
      assert.equal(exitCode, exitCodes.unfit, stdout + stderr);
      assert.match(stdout + stderr, message);
      assert.ok((stdout + stderr).includes(hint), stdout + stderr);
      assert.equal(await traces(host), before);
      assert.deepEqual(store.subnets(), []);
    }

    const socket = `require('dgram').createSocket('udp4').bind(8472)`;
    const holder = host.start([process.execPath, '-e', socket]);
    await host.until(`ss -Hlun 'sport = :8472' | grep -q .`);
    await assertRefused(
      /UDP port 8472 is in use by \S+ \(process \d+\), so flannel\.1 cannot receive packets/,
      "ss -lunp 'sport = :8472'",
    );
    endProgram(holder);
    await holder;

    await host.sh('ip link add weft0 type vxlan id 1 dstport 8472 dev eth0');
    await assertRefused(
      /the device weft0 has VNI 1 and UDP port 8472 already, so the kernel refuses another/,
      'ip link delete weft0',
    );
  });
});
