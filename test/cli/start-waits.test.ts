import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { withoutInterface } from '../daemon/interface.ts';
import { Place, startHeddle, type RunningHeddle } from '../support/ending.ts';
import { startSilentServer } from '../support/silent-server.ts';
import { until } from '../support/until.ts';

interface StartWait {
  readonly what: string;
  /** Arranges the wait, and returns the words of `up`. */
  readonly words: (t: TestContext, place: Place) => Promise<readonly string[]>;
  readonly state: NodeStatus['state'];
  /** What status says that the daemon waits for. */
  readonly waitingFor: RegExp | null;
}

const waits: readonly StartWait[] = [
  {
    what: 'for a store whose connections are swallowed',
    words: async (t, place) => place.up(['--etcd-endpoints', (await listen(t, 'black hole')).endpoint]),
    state: 'starting',
    waitingFor: /^the first answer of the etcd at http:\/\/127\./,
  },
  {
    what: 'for an API server that does not answer',
    words: async (t, place) => {
      const config = join(place.directory, 'net-conf.json');
      writeFileSync(config, '{"Network":"10.50.0.0/16","Backend":{"Type":"extension"}}');
      const { endpoint } = await listen(t, 'mute');
      return place.up([
        '--kube-subnet-mgr',
        '--kube-api-url',
        endpoint,
        '--net-config-path',
        config,
        '--kube-node-name',
        'own',
      ]);
    },
    state: 'starting',
    waitingFor: /^the first answer of the .*http:\/\/127\./,
  },
  {
    what: 'for a network configuration',
    words: (_, place) => Promise.resolve(place.up(undefined, '')),
    state: 'starting',
    waitingFor:
      /^a network configuration at the file .*config \(write one with heddle network set --store-dir \S+ FILE/,
  },
  {
    what: 'for a PreStartupCommand',
    words: (_, place) => {
      place.backend({ PreStartupCommand: 'exec sleep 300' });
      return Promise.resolve(place.up());
    },
    state: 'pre-startup',
    waitingFor: null,
  },
  {
    what: 'for the lock of its store',
    words: async (t, place) => {
      await place.lock(t, 'store', '.lock');
      return place.up();
    },
    state: 'leasing',
    waitingFor: null,
  },
];

async function listen(t: TestContext, kind: 'mute' | 'black hole') {
  const server = await startSilentServer(kind);
  t.after(() => server.close());
  return server;
}

async function outcome(ran: RunningHeddle): Promise<{ end: number | NodeJS.Signals; output: string }> {
  return { end: await ran.ended, output: ran.output() };
}

describe('while a daemon waits at its start', { skip: withoutInterface, concurrency: 2 }, () => {
  for (const { what, words, state, waitingFor } of waits) {
    test(`${what}: status says so, a second daemon is refused, and down ends it`, async (t) => {
      const place = new Place(t);
      const args = await words(t, place);
      const daemon = startHeddle(t, args);
      const run = (...more: readonly string[]): ReturnType<typeof outcome> =>
        outcome(startHeddle(t, [...more, '--state-dir', place.state]));
      await until('its socket', () => existsSync(join(place.state, 'heddle.sock')), daemon.output);
      const status = await until(
        `${state}, waiting for ${String(waitingFor)}`,
        async () => {
          const { output } = await run('status', '--json');
          const read = JSON.parse(output) as NodeStatus;
          const isSaid =
            waitingFor === null ? read.waitingFor === null : waitingFor.test(read.waitingFor ?? '');
          return read.state === state && isSaid && read;
        },
        daemon.output,
      );
      assert.equal(status.pid, daemon.child.pid);
      const { output } = await run('status');
      assert.match(output, new RegExp(`^state +${state}`, 'm'));

      const second = await outcome(startHeddle(t, args));
      assert.equal(second.end, exitCodes['already-running'], second.output);
      const down = await run('down');
      assert.equal(down.end, 0, down.output);
      assert.equal(await daemon.ended, 0, daemon.output());
    });
  }
});
