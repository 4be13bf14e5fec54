import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { FaultLab, type FaultNode } from './faults/fault-lab.ts';
import { Installation } from './faults/installation.ts';
import { hostGw, vxlan, wireguard, type Overlay } from './faults/overlays.ts';
import { bend, prepend, type Backend } from './faults/recipe-copy.ts';
import { SteadyPing } from './faults/steady-ping.ts';
import { reasonToSkip } from './harness/needs.ts';

/** Has what a daemon left look as another version may have left it: with things in it that this one does not know. */
async function age(node: FaultNode): Promise<void> {
  const rewrite = async (name: string, change: (text: string) => string): Promise<void> => {
    const path = node.stateFile(name);
    await writeFile(path, change(await readFile(path, 'utf8')));
  };
  await rewrite('deployment.json', (text) => text.replace(/^\{/, '{ "writtenBy": "0.0.1",'));
  await rewrite('journal', (text) => {
    assert.match(text, /^\{"add":\{/);
    return text.replaceAll(/^\{"add":\{/gm, '{"at":1,"add":{"since":1,');
  });
}

/** How a daemon can be away for a moment. */
const restarts = {
  'SIGTERM with --on-exit leave': async (lab, node) => {
    await lab.stop(node);
    await lab.start(node);
  },
  SIGKILL: async (lab, node) => {
    await lab.kill(node);
    await lab.start(node);
  },
  'an upgrade of the recipe': async (lab, node) => {
    await lab.rewriteRecipe((text) => {
      const document = JSON.parse(text) as { readonly Backend: Backend };
      prepend(document.Backend, 'SubnetAddCommand', ': upgraded');
      prepend(document.Backend, 'CheckCommand', ': upgraded');
      return JSON.stringify(document);
    });
    await lab.stop(node);
    await lab.start(node);
    assert.match(await readFile(node.stateFile('deployment.json'), 'utf8'), /: upgraded/);
  },
  'an upgrade of heddle': async (lab, node, installation) => {
    await lab.stop(node);
    installation.install('0.0.2');
    await age(node);
    await lab.start(node);
    assert.notDeepEqual(await node.processes(installation.program), []);
  },
} satisfies Readonly<
  Record<string, (lab: FaultLab, node: FaultNode, installation: Installation) => Promise<void>>
>;

/** The device that peers are reached by, with its number, its MAC and its address. */
const devices = new Map<Overlay, string>([
  [vxlan, 'flannel.1'],
  [hostGw, 'eth0'],
  [wireguard, 'flannel-wg'],
]);

describe('a restart loses no packet', { skip: reasonToSkip('wg', 'wireguard-go'), concurrency: 3 }, () => {
  for (const [overlay, device] of devices) {
    test(overlay.name, async (t) => {
      const installation = new Installation(t);
      const lab = await FaultLab.up(
        t,
        bend(t, overlay, () => undefined),
        ['--on-exit', 'leave'],
        installation.program,
      );
      const [node, other] = lab.both;
      const identify = (): Promise<string> =>
        node.sh(`ip -o link show dev ${device}; ip -o -4 address show dev ${device}`);
      const before = await identify();
      for (const [what, restart] of Object.entries(restarts)) {
        await t.test(what, async (t) => {
          const from = await node.now();
          const ping = new SteadyPing(other, node);
          t.after(() => ping.end());
          await ping.answers(50);
          await restart(lab, node, installation);
          await ping.answers(Math.max(50, 1000 - ping.answered));
          assert.deepEqual(await ping.end(), []);
          assert.equal(await identify(), before);
          const changes = (await node.log(from)).filter(({ event }) => /^peer-|^batch-/.test(event));
          assert.deepEqual(changes, []);
          await lab.converge();
        });
      }
    });
  }
});
